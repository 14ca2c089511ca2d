import requests

import envoi

for http in (requests, envoi):
    with http.get(f"{url}/bytes/1000", stream=True) as response:
        print(http.__name__, len(next(response.iter_content())))
# > requests 1
# > envoi 1000
