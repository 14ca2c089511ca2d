import envoi

envoi.install_as_requests()  # first of all

import requests  # noqa: E402 - what a package that you use does
from requests.adapters import HTTPAdapter, Retry  # noqa: E402


class Patient(HTTPAdapter):
    def send(self, request, **options):
        request.headers["X-Patient"] = "yes"
        return super().send(request, **options)


with requests.Session() as session:
    session.mount(url, Patient(max_retries=Retry(3, status_forcelist=[503])))
    response = session.get(f"{url}/get", stream=True)
    print(type(session).__module__, response.connection_info.peer[0])
    # > envoi._sessions.session 127.0.0.1
    print(response.raw.headers["Content-Type"], response.json()["headers"]["X-Patient"])
    # > application/json yes
