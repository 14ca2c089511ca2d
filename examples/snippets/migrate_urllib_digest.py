from urllib.request import HTTPDigestAuthHandler, build_opener

import envoi
from envoi.auth import HTTPDigestAuth
from envoi.testing import Answer, Server

CHALLENGE = [("WWW-Authenticate", 'Digest realm="home", qop="auth", algorithm=MD5, nonce="abc"')]

with Server() as server:

    @server.route("/private")
    def private(request):
        return (
            "come in"
            if 'username="ada"' in request.headers.get("Authorization")
            else Answer(401, headers=CHALLENGE)
        )

    handler = HTTPDigestAuthHandler()
    handler.add_password("home", server.url, "ada", "secret")
    with build_opener(handler).open(f"{server.url}/private") as response:
        print(response.read().decode())
        # > come in
    print(envoi.get(f"{server.url}/private", auth=HTTPDigestAuth("ada", "secret")).text)
    # > come in
