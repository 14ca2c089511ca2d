import envoi

envoi.install_as_requests()  # before anything imports requests

import requests  # noqa: E402 - as a package that you depend on does it
from requests.adapters import HTTPAdapter  # noqa: E402

print(requests.Session is envoi.Session, HTTPAdapter is envoi.adapters.HTTPAdapter)
# > True True
print(requests.get(f"{url}/get").json()["headers"]["User-Agent"])
# > envoi/…
