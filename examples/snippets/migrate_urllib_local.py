from urllib.request import urlopen

import envoi
from envoi.adapters import DataAdapter, FileAdapter

(folder / "page.html").write_text("<p>hello</p>")
page = (folder / "page.html").as_uri()

with envoi.Session() as session:
    session.mount("file:", FileAdapter(folder))
    session.mount("data:", DataAdapter())
    for address in (page, "data:text/plain;base64,aGVsbG8="):
        with urlopen(address) as theirs:
            ours = session.get(address)
            print(
                ours.content == theirs.read(),
                ours.headers["Content-Type"],
                theirs.headers["Content-Type"],
            )
    # > True text/html text/html
    # > True text/plain text/plain

    print(session.get("file:///etc/passwd").reason)
    # > Forbidden: '/etc/passwd' is below none of the adapter's folders
    print(session.get((folder / "missing").as_uri()).status_code)
    # > 404
    try:
        session.get(f"{url}/redirect-to?url={page}")
    except envoi.InvalidSchema as error:
        print(error)
        # > http://127.0.0.1:…/redirect-to?url=file:///…/page.html redirects to a file: URL; only http and https are followed.

try:
    envoi.get(page)  # nothing is mounted here
except envoi.InvalidSchema as error:
    print(error)
    # > No connection adapters were found for 'file:///…/page.html': Envoi speaks http and https
