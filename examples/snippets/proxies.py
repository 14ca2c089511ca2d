import envoi
from envoi.testing import RawServer

with RawServer.replies([b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"]) as proxy:
    session = envoi.Session(proxies={"http": f"http://ada:secret@127.0.0.1:{proxy.port}"})
    with session:
        print(session.get("http://example.org/page").text)
        # > hello
    print(proxy.requests[0].split(b"\r\n")[0].decode())
    # > GET http://example.org/page HTTP/1.1
    print(b"Proxy-Authorization: Basic" in proxy.requests[0])
    # > True
