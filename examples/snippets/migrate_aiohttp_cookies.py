import asyncio

import envoi


async def main():
    async with envoi.AsyncSession(cookies={"theme": "dark"}) as session:
        await session.get(f"{url}/cookies/set?visits=1")
        print(sorted(session.cookies.items()))
        session.cookies.clear()
        print((await session.get(f"{url}/cookies", cookies={"once": "only"})).json()["cookies"])


asyncio.run(main())
# > [('theme', 'dark'), ('visits', '1')]
# > {'once': 'only'}
