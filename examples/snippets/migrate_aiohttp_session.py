import asyncio

import envoi


async def main():
    async with envoi.AsyncSession(
        base_url=url, headers={"X-Shop": "7"}, trust_env=False
    ) as session:
        response = await session.get("/get", params={"page": 2})
        print(response.status_code, response.headers["Content-Type"])
        print(response.json()["args"], len(response.text) > 100)
        response = await session.post("/post", json={"item": "tea"})
        print(response.json()["json"])


asyncio.run(main())
# > 200 application/json
# > {'page': '2'} True
# > {'item': 'tea'}
