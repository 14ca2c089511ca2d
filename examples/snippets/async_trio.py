import trio

import envoi


async def fetch(session, page, found):
    response = await session.get(f"{url}/get?page={page}")
    found[page] = response.status_code


async def main():
    found = {}
    async with envoi.AsyncSession() as session, trio.open_nursery() as nursery:
        for page in range(10):
            nursery.start_soon(fetch, session, page, found)
    print(len(found), set(found.values()))
    # > 10 {200}


trio.run(main)
