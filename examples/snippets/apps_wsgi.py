import envoi
from envoi.adapters import WSGIAdapter


def app(environ, start_response):
    if environ["PATH_INFO"] == "/":
        start_response("302 Found", [("Location", "/home"), ("Set-Cookie", "seen=yes")])
        return [b""]
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [environ["HTTP_COOKIE"].encode()]


with envoi.Session() as session:
    session.mount("http://testserver/", WSGIAdapter(app))
    response = session.get("http://testserver/")
    print(response.url, response.text)
    # > http://testserver/home seen=yes
