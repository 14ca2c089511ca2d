import io
from email.message import Message
from urllib.request import BaseHandler, build_opener
from urllib.response import addinfourl

import envoi
from envoi.adapters import BaseAdapter


class EchoHandler(BaseHandler):
    def echo_open(self, request):
        return addinfourl(io.BytesIO(request.selector.encode()), Message(), request.full_url, 200)


class EchoAdapter(BaseAdapter):
    def send(self, request, **options):
        response = envoi.Response()
        response.status_code, response.url, response.request = 200, request.url, request
        response.raw = io.BytesIO(request.path_url.encode())
        return response

    def close(self):
        pass


with build_opener(EchoHandler).open("echo://host/hello") as response:
    print(response.read())
    # > b'/hello'
with envoi.Session() as session:
    session.mount("echo:", EchoAdapter())
    print(session.get("echo://host/hello").content)
    # > b'/hello'
