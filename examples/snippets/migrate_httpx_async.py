import asyncio

import httpx

import envoi


async def theirs():
    async with httpx.AsyncClient() as client:
        print((await client.get(f"{url}/get")).status_code)
        async with client.stream("GET", f"{url}/stream/3") as response:
            print(len([line async for line in response.aiter_lines()]))


async def ours():
    async with envoi.AsyncSession() as session:
        print((await session.get(f"{url}/get")).status_code)
        async with await session.get(f"{url}/stream/3", stream=True) as response:
            print(len([line async for line in response.iter_lines()]))


asyncio.run(theirs())
# > 200
# > 3
asyncio.run(ours())
# > 200
# > 3
