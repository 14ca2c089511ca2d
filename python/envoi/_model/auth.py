"""Authentication schemes: base classes to derive from, Basic (RFC 7617) and Bearer (RFC 6750).
Digest is in `digest.py`.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias

from envoi._model.auth_flow import (
    AuthScheme,
    apply_auth,
    as_flow,
    basic,
    found_credentials,
    needs_response_body,
    user_of,
)
from envoi._model.exceptions import InvalidOption
from envoi._model.text import plain

if TYPE_CHECKING:
    from envoi._model.prepared import PreparedRequest

    # Any: a scheme for one kind of session may say that it is given Response or AsyncResponse.
    Flow: TypeAlias = Generator[PreparedRequest, Any, None]

__all__ = [
    "Auth",
    "AuthBase",
    "BearerAuth",
    "Flow",
    "HTTPBasicAuth",
    "HTTPProxyAuth",
    "apply_auth",
    "as_flow",
    "basic",
    "basic_auth_str",
    "found_credentials",
    "needs_response_body",
    "same_credentials",
    "user_of",
]


class Auth(AuthScheme):
    """A scheme written once for sync and async: a generator that yields requests and is given their
    responses.

    The last response goes to the caller, those before it are read to their end and dropped.

    Attributes:
        requires_response_body: whether each response's body is read before the generator goes on.

    Examples:
        ```python
        class Token(envoi.auth.Auth):
            def auth_flow(self, request):
                request.headers["Authorization"] = f"Token {self.token}"
                response = yield request
                if response.status_code == 401:
                    self.token = new_token()
                    request.headers["Authorization"] = f"Token {self.token}"
                    yield request
        ```
    """

    requires_response_body: ClassVar[bool] = False

    def auth_flow(self, request: PreparedRequest) -> Flow:
        """The exchange for one request. Overridden by each scheme; this one sends the request as it
        is.

        Args:
            request: a copy of the caller's, to change or replace.
        """
        yield request

    def redirected_flow(self, request: PreparedRequest) -> Flow:
        """The exchange for a request that follows a redirect within the origin; the same, unless a
        scheme says otherwise.
        """
        return self.auth_flow(request)


class AuthBase:
    """requests' interface: an object that is called with the request, and returns it with
    credentials.
    """

    def __call__(self, r: Any) -> Any:
        """Put credentials on `r` and return it. Overridden by each scheme."""
        raise NotImplementedError("Auth hooks must be callable.")


class HTTPBasicAuth(AuthBase):
    """User name and password, as `auth=(user, password)` sends them (RFC 7617).

    Args:
        username: text is sent as ISO 8859-1 where that can carry it, else as UTF-8; bytes as they
            are.
        password: the same.
    """

    _field: ClassVar[str] = "Authorization"

    def __init__(self, username: str | bytes, password: str | bytes) -> None:
        self.username = username
        self.password = password

    def __call__(self, r: Any) -> Any:
        """Write the field into `r.headers` and return `r`."""
        r.headers[self._field] = basic((self.username, self.password))
        return r

    def __eq__(self, other: object) -> bool:
        return same_credentials(self, other)

    # user name and password can be set anew
    __hash__: ClassVar[None] = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.username!r}>"


class HTTPProxyAuth(HTTPBasicAuth):
    """User name and password for a proxy, in Proxy-Authorization."""

    _field = "Proxy-Authorization"


class BearerAuth(AuthBase):
    """A bearer token (RFC 6750, section 2.1).

    Args:
        token: what follows "Bearer " in the Authorization field.

    Raises:
        InvalidOption: empty, with control characters or white space at an end (a line read from a
            file), or not ASCII.
    """

    def __init__(self, token: str | bytes) -> None:
        self.token: str = _checked_token(token)

    def __call__(self, r: Any) -> Any:
        """Write Authorization into `r.headers` and return `r`."""
        r.headers["Authorization"] = f"Bearer {self.token}"
        return r

    def __eq__(self, other: object) -> bool:
        return isinstance(other, BearerAuth) and self.token == other.token

    __hash__: ClassVar[None] = None  # type: ignore[assignment]  # the token can be set anew

    def __repr__(self) -> str:
        return f"<{type(self).__name__} ***>"


def basic_auth_str(username: Any, password: Any) -> str:
    """As `basic`, with requests' arguments: packages built on requests import it as
    `requests.auth._basic_auth_str`.
    """
    return basic((username, password))


def same_credentials(one: Any, other: object) -> bool:
    """Whether both have the same user name and password, which is all that requests compares."""
    missing = object()
    return bool(
        one.username == getattr(other, "username", missing)
        and one.password == getattr(other, "password", missing)
    )


def _checked_token(token: Any) -> str:
    if isinstance(token, (bytes, bytearray)):
        token = bytes(token).decode("latin-1")
    if not isinstance(token, str):
        message = f"BearerAuth takes the token as str or bytes, not {type(token).__name__}"
        raise InvalidOption(message)
    # The token itself is kept out of the messages: they end up in logs.
    if not token or token != token.strip() or not token.isascii() or not token.isprintable():
        raise InvalidOption(
            "BearerAuth's token is empty, or has control characters, white space at an end, or "
            "characters beyond ASCII"
        )
    return plain(token)
