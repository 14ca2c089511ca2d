import json
from urllib.request import Request, urlopen

import envoi

request = Request(
    f"{url}/put",
    data=b'{"item": "tea"}',
    headers={"Content-Type": "application/json"},
    method="PUT",
)
request.add_header("X-Shop", "7")
with urlopen(request) as response:
    theirs = json.load(response)
ours = envoi.put(f"{url}/put", json={"item": "tea"}, headers={"X-Shop": "7"}).json()
print(ours["json"] == theirs["json"], ours["headers"]["X-Shop"] == theirs["headers"]["X-Shop"])
# > True True

# To be made now and sent later:
with envoi.Session() as session:
    prepared = session.prepare_request(envoi.Request("PUT", f"{url}/put", json={"item": "tea"}))
    prepared.headers["X-Shop"] = "7"
    print(prepared.method, session.send(prepared).json()["headers"]["X-Shop"])
    # > PUT 7
