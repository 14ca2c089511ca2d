import asyncio

import envoi


def raise_for_status(response, **options):
    response.raise_for_status()


async def main():
    async with envoi.AsyncSession(hooks={"response": raise_for_status}) as session:
        try:
            await session.get(f"{url}/status/503")
        except envoi.HTTPError as error:
            print(error.response.status_code, error.response.reason)


asyncio.run(main())
# > 503 Service Unavailable
