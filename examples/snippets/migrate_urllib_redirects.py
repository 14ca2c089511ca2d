from urllib.error import HTTPError
from urllib.request import HTTPRedirectHandler, build_opener

import envoi


class NoRedirects(HTTPRedirectHandler):
    def redirect_request(self, *arguments):
        return None


try:
    build_opener(NoRedirects).open(f"{url}/redirect/2")
except HTTPError as error:
    with error:
        print(error.code, error.headers["Location"])
        # > 302 /redirect/1
response = envoi.get(f"{url}/redirect/2", allow_redirects=False)
print(response.status_code, response.headers["Location"], response.next.url == f"{url}/redirect/1")
# > 302 /redirect/1 True

print([step.status_code for step in envoi.get(f"{url}/redirect/2").history])
# > [302, 302]
with envoi.Session(max_redirects=1) as session:
    try:
        session.get(f"{url}/redirect/2")
    except envoi.TooManyRedirects as error:
        print(type(error).__name__)
        # > TooManyRedirects
