import asyncio

import envoi


async def readings():
    for number in range(3):
        await asyncio.sleep(0)
        yield f"{number}\n".encode()


async def main():
    async with envoi.AsyncSession() as session:
        response = await session.post(f"{url}/post", data=readings())
    print(response.json()["data"].split())
    # > ['0', '1', '2']


asyncio.run(main())
