import httpx

import envoi

with httpx.Client() as client, client.stream("GET", f"{url}/bytes/1000") as response:
    print(sum(len(piece) for piece in response.iter_bytes(256)))
    # > 1000
with envoi.Session() as session, session.get(f"{url}/bytes/1000", stream=True) as response:
    print(sum(len(piece) for piece in response.iter_content(256)))
    # > 1000
