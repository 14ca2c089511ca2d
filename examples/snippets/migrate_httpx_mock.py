import io

import httpx

import envoi


def handler(request):
    return httpx.Response(200, json={"path": request.url.path})


class Mock(envoi.adapters.BaseAdapter):
    def send(self, request, **options):
        response = envoi.Response()
        response.status_code, response.url, response.request = 200, request.url, request
        response.raw = io.BytesIO(b'{"path": "%s"}' % request.path_url.encode())
        return response

    def close(self):
        pass


with httpx.Client(transport=httpx.MockTransport(handler)) as client:
    print(client.get("https://api.example.org/users").json())
    # > {'path': '/users'}
with envoi.Session() as session:
    session.mount("https://api.example.org/", Mock())
    print(session.get("https://api.example.org/users").json())
    # > {'path': '/users'}
