import requests

import envoi


def outcome(http, address, **options):
    try:
        http.get(address, **options)
    except http.exceptions.RequestException as error:
        return type(error).__name__


for address, options in (
    (closed_url, {}),
    (secure_url, {}),
    (f"{url}/delay/5", {"timeout": 0.1}),
    (f"{url}/drip?duration=5&numbytes=2", {"timeout": 0.1}),
    ("example.org", {}),
):
    print(outcome(requests, address, **options), "|", outcome(envoi, address, **options))
# > ConnectionError | ConnectionRefused
# > SSLError | CertificateError
# > ReadTimeout | ReadTimeout
# > ConnectionError | ReadTimeout
# > MissingSchema | MissingSchema
