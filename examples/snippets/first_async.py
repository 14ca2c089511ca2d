import asyncio

from envoi import aio as requests
from envoi.testing import Server


async def main():
    with Server() as server:
        async with requests.Session() as session:
            pages = await asyncio.gather(
                *(session.get(f"{server.url}/get?page={n}") for n in range(100))
            )
    print(sum(page.ok for page in pages), "pages")
    # > 100 pages


asyncio.run(main())
