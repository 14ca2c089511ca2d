import asyncio

import envoi


async def main():
    (folder / "cat.txt").write_text("miaow")
    async with envoi.AsyncSession() as session:
        with open(folder / "cat.txt", "rb") as file:
            files = {"photo": ("cat.txt", file, "text/plain")}
            response = await session.post(f"{url}/post", data={"title": "Cat"}, files=files)
    print(response.json()["form"], response.json()["files"])


asyncio.run(main())
# > {'title': 'Cat'} {'photo': 'miaow'}
