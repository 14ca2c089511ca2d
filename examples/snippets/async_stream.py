import asyncio

import envoi


async def main():
    async with envoi.AsyncSession() as session:
        async with await session.get(f"{url}/stream/3", stream=True) as response:
            async for line in response.iter_lines(decode_unicode=True):
                print(len(line) > 0)
                # > True
                # > True
                # > True
        response = await session.get(f"{url}/bytes/1000", stream=True)
        print(len(await response.read()))
        # > 1000


asyncio.run(main())
