import asyncio

import envoi
from envoi import Timeout


async def main():
    settings = {
        "timeout": Timeout(total=300, connect=30, read=60),
        "max_connections": 100,
        "max_connections_per_host": 10,
        "keepalive": 15,
        "verify": ca_path,
    }
    async with envoi.AsyncSession(**settings) as session:
        pages = await asyncio.gather(*(session.get(f"{secure_url}/get") for _ in range(20)))
        print(sum(page.ok for page in pages))


asyncio.run(main())
# > 20
