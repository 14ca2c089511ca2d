import requests

import envoi

for http in (requests, envoi):
    with http.Session() as session:
        session.auth = ("ada", "secret")
        response = session.get(f"{url}/get", auth=None, proxies=None, timeout=None)
        print(http.__name__, "Authorization" in response.json()["headers"])
# > requests True
# > envoi False


def fetch(address, auth=None, timeout=None):
    given = {
        name: value
        for name, value in {"auth": auth, "timeout": timeout}.items()
        if value is not None
    }
    return session.get(address, **given)


with envoi.Session(auth=("ada", "secret")) as session:
    print("Authorization" in fetch(f"{url}/get").json()["headers"])
    # > True
