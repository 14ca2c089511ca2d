import asyncio

import envoi


async def main():
    async with envoi.AsyncSession() as session:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(session.get(f"{url}/get?page={n}")) for n in range(10)]
    print([task.result().json()["args"]["page"] for task in tasks])
    # > ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9']


asyncio.run(main())
