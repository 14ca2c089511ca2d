import json
from urllib.request import HTTPBasicAuthHandler, HTTPPasswordMgrWithDefaultRealm, build_opener

import envoi
from envoi.auth import HTTPBasicAuth

private = f"{url}/basic-auth/ada/secret"
passwords = HTTPPasswordMgrWithDefaultRealm()
passwords.add_password(None, url, "ada", "secret")
with build_opener(HTTPBasicAuthHandler(passwords)).open(private) as response:
    print(json.load(response)["user"])
    # > ada
print(envoi.get(private, auth=("ada", "secret")).json()["user"])
# > ada

# Several hosts, each with its own:
users = {
    envoi.URL(url).origin: HTTPBasicAuth("ada", "secret"),
    "https://example.org:443": HTTPBasicAuth("bob", "other"),
}


def by_host(request):
    user = users.get(request.parsed_url.origin)
    return user(request) if user else request


with envoi.Session(auth=by_host) as session:
    print(session.get(private).json()["user"])
    # > ada
