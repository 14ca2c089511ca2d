"""What the tests of Digest share: responses as far as a scheme looks at them, and an exchange with them."""

from __future__ import annotations

import hashlib
import itertools

from envoi._core import Headers
from envoi._model.auth import as_flow
from envoi._model.challenges import parse_challenges
from envoi._model.digest import HTTPDigestAuth
from unit.prepared import prepared_request


class Answered:
    """A response, as far as a scheme looks at it."""

    def __init__(self, status_code=401, *challenges, **fields):
        self.status_code = status_code
        self.headers = Headers([("WWW-Authenticate", challenge) for challenge in challenges])
        for name, value in fields.items():
            self.headers[name.replace("_", "-")] = value


def numbered():
    numbers = itertools.count(1)
    return lambda: f"c{next(numbers)}"


def scheme(user="user", password="pass"):
    return HTTPDigestAuth(user, password, make_cnonce=numbered())


def exchange(
    auth, *responses, url="http://example.org/dir/a?b=c", method="GET", data=None, redirected=False
):
    """The Authorization fields of the requests sent, as the responses come back."""
    flow = as_flow(auth, redirected=redirected)(prepared_request(method, url, data=data))
    found = [next(flow).headers.get("Authorization")]
    for response in responses:
        try:
            found.append(flow.send(response).headers.get("Authorization"))
        except StopIteration:
            break
    return found


def of(field):
    """The parameters of an answer."""
    (challenge,) = parse_challenges([field])
    assert challenge.scheme == "digest"
    return challenge.parameters


def md5(text):
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
