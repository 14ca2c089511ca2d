import httpx

import envoi

print(
    httpx.get(f"{url}/redirect/2").status_code,
    httpx.get(f"{url}/redirect/2", follow_redirects=True).status_code,
)
# > 302 200
print(
    envoi.get(f"{url}/redirect/2", allow_redirects=False).status_code,
    envoi.get(f"{url}/redirect/2").status_code,
)
# > 302 200
