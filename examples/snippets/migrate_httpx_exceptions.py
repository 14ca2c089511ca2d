import httpx

import envoi


def outcome(get, base, address, **options):
    try:
        get(address, **options).raise_for_status()
    except base as error:
        return type(error).__name__


for address, options in (
    (closed_url, {}),
    (secure_url, {}),
    (f"{url}/delay/5", {"timeout": 0.1}),
    (f"{url}/status/404", {}),
    ("example.org", {}),
    ("ftp://example.org/", {}),
):
    theirs = outcome(httpx.get, httpx.HTTPError, address, **options)
    print(theirs, "|", outcome(envoi.get, envoi.RequestException, address, **options))
# > ConnectError | ConnectionRefused
# > ConnectError | CertificateError
# > ReadTimeout | ReadTimeout
# > HTTPStatusError | HTTPError
# > UnsupportedProtocol | MissingSchema
# > UnsupportedProtocol | InvalidSchema
