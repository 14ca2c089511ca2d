import envoi


class KeepPost(envoi.Session):
    """A POST stays one when it is redirected, as some old interfaces want it."""

    def rebuild_method(self, prepared_request, response):
        pass


with KeepPost() as session:
    response = session.post(f"{url}/redirect-to?url=/anything", data={"a": "1"})
    print(response.json()["method"], response.json()["form"])
    # > POST {'a': '1'}
