import httpx

import envoi


def sign(request):
    request.headers["X-Signed"] = "yes"


def sign_and_return(request):
    sign(request)
    return request


def tell(response, **options):
    print(response.request.method, response.status_code)


with httpx.Client(event_hooks={"request": [sign], "response": [tell]}) as client:
    print(client.get(f"{url}/get").json()["headers"]["X-Signed"])
    # > GET 200
    # > yes
with envoi.Session(auth=sign_and_return, hooks={"response": tell}) as session:
    print(session.get(f"{url}/get").json()["headers"]["X-Signed"])
    # > GET 200
    # > yes
