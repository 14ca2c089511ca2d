import asyncio

import envoi


async def once_more(response, **options):
    if response.status_code == 503:
        await asyncio.sleep(0)
        return await session.get(f"{url}/get")  # takes the place of the first


session = envoi.AsyncSession(hooks={"response": once_more})


async def main():
    async with session:
        response = await session.get(f"{url}/status/503")
        print(response.status_code)
        # > 200


asyncio.run(main())
