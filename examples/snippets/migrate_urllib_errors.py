from urllib.error import HTTPError, URLError
from urllib.request import urlopen

import envoi


def theirs(address, **options):
    try:
        with urlopen(address, **options) as response:
            return response.status
    except HTTPError as error:  # a response, too
        with error:
            return error.code, error.reason, error.read()
    except URLError as error:
        return type(error.reason).__name__
    except TimeoutError:
        return "TimeoutError"


def ours(address, **options):
    try:
        response = envoi.get(address, **options)
        response.raise_for_status()
        return response.status_code
    except envoi.HTTPError as error:
        return error.response.status_code, error.response.reason, error.response.content
    except (envoi.Timeout, envoi.ConnectionError) as error:
        return type(error).__name__


print(theirs(f"{url}/status/404") == ours(f"{url}/status/404"), ours(f"{url}/status/404"))
# > True (404, 'Not Found', b'404 Not Found\n')
print(theirs(closed_url), ours(closed_url))
# > ConnectionRefusedError ConnectionRefused
print(theirs(f"{url}/delay/5", timeout=0.1), ours(f"{url}/delay/5", timeout=0.1))
# > TimeoutError ReadTimeout
try:
    envoi.get(closed_url)
except OSError as error:  # what URLError is, all of Envoi's exceptions are
    print(isinstance(error, ConnectionRefusedError))
    # > True
