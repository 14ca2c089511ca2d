import io

import envoi
from envoi.adapters import BaseAdapter


class Canned(BaseAdapter):
    """Answers from a dictionary."""

    def __init__(self, answers):
        self.answers = answers

    def send(self, request, stream=False, timeout=None, verify=True, cert=None, proxies=None):
        response = envoi.Response()
        response.status_code = 200 if request.path_url in self.answers else 404
        response.url, response.request = request.url, request
        response.raw = io.BytesIO(self.answers.get(request.path_url, b""))
        return response

    def close(self):
        pass


with envoi.Session() as session:
    session.mount("https://api.example.org/", Canned({"/users": b'["ada"]'}))
    print(session.get("https://api.example.org/users").json())
    # > ['ada']
    print(session.get("https://api.example.org/nobody").status_code)
    # > 404
