import json

import envoi

with envoi.get(f"{url}/stream/3", stream=True) as response:
    for line in response.iter_lines():
        print(json.loads(line)["id"])
# > 0
# > 1
# > 2
