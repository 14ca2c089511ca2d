import envoi
from envoi.testing import RawServer

with RawServer.replies(
    [b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort"], close=True
) as server:
    try:
        envoi.get(server.url)
    except envoi.IncompleteBody as error:
        print(error)
        # > The connection to 127.0.0.1:… ended before the body did: …
        print(error.request.method)
        # > GET
