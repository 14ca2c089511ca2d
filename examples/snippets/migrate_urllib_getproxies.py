import os
from urllib.request import getproxies, proxy_bypass

import envoi

os.environ.update(http_proxy="http://127.0.0.1:9", no_proxy="127.0.0.1")
print(getproxies()["http"], bool(proxy_bypass("127.0.0.1")))
# > http://127.0.0.1:9 True
print(
    envoi.get(f"{url}/get").status_code,
    envoi.utils.get_environ_proxies("http://example.org/")["http"],
)
# > 200 http://127.0.0.1:9
