import asyncio

from envoi import aio as requests


async def main():
    response = await requests.get(f"{url}/get", params={"page": 2})
    print(response.json()["args"])
    # > {'page': '2'}


asyncio.run(main())
