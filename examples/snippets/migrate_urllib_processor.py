from urllib.request import HTTPErrorProcessor, build_opener

import envoi


class NoErrors(HTTPErrorProcessor):
    def http_response(self, request, response):
        return response


with build_opener(NoErrors).open(f"{url}/status/404") as response:
    print(response.status)
    # > 404
print(envoi.get(f"{url}/status/404").status_code)
# > 404


def raise_for_status(response, **options):
    response.raise_for_status()


with envoi.Session(
    hooks={"response": raise_for_status}
) as session:  # the other way round: as urllib does it
    try:
        session.get(f"{url}/status/404")
    except envoi.HTTPError as error:
        print(error.response.status_code)
        # > 404
