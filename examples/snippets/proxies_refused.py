import envoi
from envoi.testing import RawServer

with RawServer.replies([b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n"]) as proxy:
    try:
        envoi.get("https://example.org/", proxies={"https": proxy.url})
    except envoi.ProxyError as error:
        print(error)
        # > The proxy http://127.0.0.1:… made no connection to example.org:443: 407 Proxy Authentication Required…
