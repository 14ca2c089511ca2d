import envoi

session = envoi.Session(
    base_url=f"{url}/anything/v1/",
    headers={"Accept": "application/json"},
    params={"key": "abc"},
    auth=("ada", "secret"),
    timeout=envoi.Timeout(connect=3, total=30),
    max_body=10_000_000,
)
with session:
    print(session.get("users/7").url)
    # > http://127.0.0.1:…/anything/v1/users/7?key=abc
    print(session.get("users", params={"page": 2}).json()["args"])
    # > {'key': 'abc', 'page': '2'}
