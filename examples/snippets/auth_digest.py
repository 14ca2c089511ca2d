import envoi
from envoi.auth import HTTPDigestAuth
from envoi.testing import Answer, Server

CHALLENGE = [
    ("WWW-Authenticate", 'Digest realm="home", qop="auth", algorithm=SHA-256, nonce="abc"')
]

with Server() as server, envoi.Session(auth=HTTPDigestAuth("ada", "secret")) as session:

    @server.route("/private")
    def private(request):
        return (
            Answer(200, "hello")
            if request.headers.has("Authorization")
            else Answer(401, headers=CHALLENGE)
        )

    first = session.get(f"{server.url}/private")
    second = session.get(f"{server.url}/private")
    print(first.text, first.history)
    # > hello [<Response [401]>]
    print(second.text, second.history)
    # > hello []
