import json
from urllib.parse import urlencode
from urllib.request import urlopen

import envoi

fields = {"name": "Zoë", "tags": ["a", "b"]}
with urlopen(f"{url}/get?{urlencode(fields, doseq=True)}") as response:
    print(envoi.get(f"{url}/get", params=fields).json()["args"] == json.load(response)["args"])
    # > True
with urlopen(f"{url}/post", data=urlencode(fields, doseq=True).encode()) as response:
    print(envoi.post(f"{url}/post", data=fields).json()["form"] == json.load(response)["form"])
    # > True
