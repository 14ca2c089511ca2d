import asyncio

import envoi


async def main():
    async with envoi.AsyncSession() as session:
        async with await session.get(f"{url}/bytes/100000", stream=True) as response:
            with open(folder / "file", "wb") as file:
                async for piece in response.iter_content(64 * 1024):
                    file.write(piece)
        async with await session.get(f"{url}/stream/3", stream=True) as response:
            print(len([line async for line in response.iter_lines()]))
        async with await session.get(f"{url}/bytes/1000", stream=True) as response:
            print(len(await response.raw.read(10)))


asyncio.run(main())
# > 3
# > 10
print((folder / "file").stat().st_size)
# > 100000
