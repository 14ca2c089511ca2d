from urllib.request import ProxyBasicAuthHandler, ProxyHandler, build_opener

import envoi
from envoi.testing import RawServer

ASKS = b'HTTP/1.1 407 Who?\r\nProxy-Authenticate: Basic realm="proxy"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n'
HELLO = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello"

with RawServer.replies([ASKS, HELLO]) as proxy:
    address = f"http://127.0.0.1:{proxy.port}"
    handler = ProxyBasicAuthHandler()
    handler.add_password("proxy", address, "ada", "secret")
    with build_opener(ProxyHandler({"http": address}), handler).open(
        "http://example.org/"
    ) as response:
        print(response.read())
        # > b'hello'
with RawServer.replies([HELLO]) as proxy:
    print(
        envoi.get(
            "http://example.org/", proxies={"http": f"http://ada:secret@127.0.0.1:{proxy.port}"}
        ).content
    )
    # > b'hello'

with build_opener(ProxyHandler({})).open(
    f"{url}/get"
) as response:  # none, whatever the environment says
    print(response.status, envoi.get(f"{url}/get", proxies=None).status_code)
    # > 200 200
