import requests

import envoi


def order(http):
    with http.Session() as session:
        session.headers["X-Shop"] = "7"
        session.auth = ("ada", "secret")
        response = session.post(
            f"{url}/post", params={"page": [1, 2]}, json={"item": "tea"}, timeout=(3, 10)
        )
        response.raise_for_status()
        sent = response.json()
        try:
            session.get(f"{url}/status/404").raise_for_status()
        except http.HTTPError as error:
            missing = error.response.status_code == http.codes.not_found
        return sent["json"], sent["args"], sent["headers"]["Authorization"], missing


print(order(envoi) == order(requests))
# > True
