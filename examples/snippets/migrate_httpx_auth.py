import httpx

import envoi
from envoi.testing import Answer, Server


class Flow:
    requires_response_body = True

    def auth_flow(self, request):
        response = yield request
        if response.status_code == 401:
            request.headers["X-Key"] = response.json()["key"]
            yield request


class ForHttpx(Flow, httpx.Auth):
    pass


class ForEnvoi(Flow, envoi.auth.Auth):
    pass


with Server() as server:

    @server.route("/private")
    def private(request):
        return (
            Answer(200, "come in")
            if request.headers.get("X-Key") == "k"
            else Answer(401, {"key": "k"})
        )

    print(httpx.get(f"{server.url}/private", auth=ForHttpx()).text)
    # > come in
    print(envoi.get(f"{server.url}/private", auth=ForEnvoi()).text)
    # > come in
