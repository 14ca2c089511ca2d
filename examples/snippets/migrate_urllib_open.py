from urllib.request import urlopen

import envoi

with urlopen(f"{url}/bytes/1000", timeout=10) as theirs:
    body = theirs.read()
    print(theirs.status, theirs.getcode(), theirs.reason, theirs.geturl() == f"{url}/bytes/1000")
    # > 200 200 OK True
    print(theirs.info()["Content-Length"], theirs.headers.get_content_type(), len(body))
    # > 1000 application/octet-stream 1000

ours = envoi.get(f"{url}/bytes/1000", timeout=10)
print(ours.status_code, ours.status_code, ours.reason, ours.url == f"{url}/bytes/1000")
# > 200 200 OK True
print(ours.headers["Content-Length"], ours.headers["Content-Type"], len(ours.content))
# > 1000 application/octet-stream 1000
print(ours.content == body)
# > True
