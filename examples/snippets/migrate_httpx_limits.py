import httpx

import envoi

theirs = httpx.Client(
    timeout=httpx.Timeout(5, connect=2, pool=1),
    limits=httpx.Limits(max_connections=20, keepalive_expiry=30),
)
ours = envoi.Session(
    timeout=envoi.Timeout(connect=2, read=5, write=5, pool=1),
    max_connections=20,
    keepalive=30,
)
with theirs, ours:
    print(theirs.get(f"{url}/get").status_code, ours.get(f"{url}/get").status_code)
    # > 200 200
