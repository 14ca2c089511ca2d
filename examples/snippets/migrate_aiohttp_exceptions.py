import asyncio

import envoi


async def outcome(session, address, **options):
    try:
        await session.get(address, **options)
    except envoi.RequestException as error:
        return type(error).__name__, isinstance(error, TimeoutError), isinstance(error, OSError)


async def main():
    async with envoi.AsyncSession() as session:
        print(await outcome(session, closed_url))
        print(await outcome(session, secure_url))
        print(await outcome(session, f"{url}/delay/5", timeout=envoi.Timeout(total=0.1)))


asyncio.run(main())
# > ('ConnectionRefused', False, True)
# > ('CertificateError', False, True)
# > ('TotalTimeout', True, True)
