import httpx

import envoi

with httpx.Client(
    base_url=f"{url}/anything/api", headers={"X-Shop": "7"}, params={"key": "k"}
) as client:
    theirs = client.post("/orders", content=b"raw", auth=("ada", "secret"))
    client.get(f"{url}/redirect/1", follow_redirects=True).raise_for_status()

with envoi.Session(
    base_url=f"{url}/anything/api", headers={"X-Shop": "7"}, params={"key": "k"}
) as session:
    ours = session.post("/orders", data=b"raw", auth=("ada", "secret"))
    session.get(f"{url}/redirect/1").raise_for_status()

print(
    str(theirs.url) == ours.url,
    all(theirs.json()[name] == ours.json()[name] for name in ("args", "data", "method")),
)
# > True True
