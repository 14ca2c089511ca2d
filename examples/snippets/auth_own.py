import envoi
from envoi.auth import Auth
from envoi.testing import Answer, Server


class Renewing(Auth):
    requires_response_body = True  # each answer's body is read before the generator goes on

    def __init__(self, token):
        self.token = token

    def auth_flow(self, request):
        request.headers["Authorization"] = f"Bearer {self.token}"
        response = yield request
        if response.status_code == 401:
            renewed = yield envoi.Request("POST", request.parsed_url.join("/token")).prepare()
            self.token = renewed.json()["token"]
            request.headers["Authorization"] = f"Bearer {self.token}"
            yield request


with Server() as server:

    @server.route("/token", ["POST"])
    def token(request):
        return {"token": "new"}

    @server.route("/private")
    def private(request):
        return Answer(200 if request.headers.get("Authorization") == "Bearer new" else 401)

    response = envoi.get(f"{server.url}/private", auth=Renewing("old"))
    print(response.status_code, [step.status_code for step in response.history])
    # > 200 [401, 200]
