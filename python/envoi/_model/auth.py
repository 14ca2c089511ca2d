"""Authentication: the generator that every scheme becomes, requests' callables, Basic (RFC 7617)
and Bearer (RFC 6750).
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import TYPE_CHECKING, Any, ClassVar, Final, TypeAlias

from envoi.exceptions import InvalidOption

if TYPE_CHECKING:
    from envoi._core import URL
    from envoi._model.netrc import Netrc
    from envoi._model.prepared import PreparedRequest

    # Any: a scheme for one kind of session may say that it is given Response or AsyncResponse.
    Flow: TypeAlias = Generator[PreparedRequest, Any, None]
    StartFlow: TypeAlias = Callable[[PreparedRequest], Flow]


class Auth:
    """A scheme written once for sync and async: a generator that yields requests and is given their
    responses.

    The last response goes to the caller, those before it are read to their end and dropped.

    Attributes:
        requires_response_body: whether each response's body is read before the generator goes on.

    Example:
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


def as_flow(auth: Any, *, redirected: bool = False) -> StartFlow:
    """What starts the exchange for anything that `auth=` takes.

    Args:
        auth: None, a pair of user name and password, an `Auth`, or a callable that takes a request
            and returns it.
        redirected: whether the requests to come follow a redirect.

    Raises:
        InvalidOption: anything else. The flow raises it too, when the callable returns no request.
    """
    if auth is None:
        return _send_as_it_is
    if isinstance(auth, (tuple, list)):
        return _flow_of_field(basic(auth))
    if isinstance(auth, Auth) and not _overrides_call(type(auth)):
        return auth.redirected_flow if redirected else auth.auth_flow
    if callable(auth):
        return _flow_of_callable(auth)
    message = f"{_EXPECTED}, not {type(auth).__name__}"
    raise InvalidOption(message)


def apply_auth(request: PreparedRequest, auth: Any) -> PreparedRequest:
    """Authenticate a request at once, as requests does; what takes several exchanges is left for
    later, in the request's `flow`.

    Args:
        request: to be changed.
        auth: a pair of user name and password, an `Auth`, or a callable that takes a request and
            returns it.

    Returns:
        What `auth` returned, mostly the request itself.

    Raises:
        InvalidOption: anything else.
    """
    if isinstance(auth, Auth) and not _overrides_call(type(auth)):
        request.flow = auth
        return request
    for changed in as_flow(auth)(request):
        return changed
    raise InvalidOption(_EXPECTED)


def user_of(url: URL) -> tuple[str, str]:
    """User name and password in a URL, decoded."""
    return _unquoted(url.username), _unquoted(url.password)


def found_credentials(url: URL, netrc: Netrc | None) -> Any:
    """What authenticates a request for which nobody has said anything: the URL's user and password,
    else netrc, else the URL's user without a password; or None.

    Args:
        url: where it goes.
        netrc: to look in; None for nowhere.
    """
    if url.password:
        return user_of(url)
    if netrc is not None and (found := netrc.credentials_for(url.host)) is not None:
        return found
    return user_of(url) if url.has_userinfo else None


def needs_response_body(auth: Any) -> bool:
    """Whether `auth` reads its responses' bodies: their content must be there when its flow goes
    on.
    """
    return isinstance(auth, Auth) and auth.requires_response_body


def basic(pair: Any) -> str:
    """The Authorization field's value for a user name and a password (RFC 7617, section 2).

    Args:
        pair: text is sent as ISO 8859-1 where that can carry it, else as UTF-8. Numbers are written
            out, and so is None for both, with a DeprecationWarning, as in requests.

    Raises:
        InvalidOption: not a pair of str or bytes.
    """
    from binascii import b2a_base64

    if not isinstance(pair, (tuple, list)) or len(pair) != 2:
        raise InvalidOption(_EXPECTED)
    if pair[0] is pair[1] is None:
        pair = (_written_out(None), "None")
    user, password = (_encoded(part) for part in pair)
    return "Basic " + b2a_base64(user + b":" + password, newline=False).decode("ascii")


def basic_auth_str(username: Any, password: Any) -> str:
    """As `basic`, with requests' arguments: companions import it as
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


_EXPECTED: Final = (
    "auth= must be a pair of user name and password, both str or bytes, a callable that returns "
    "the request, or an Auth"
)


def _send_as_it_is(request: PreparedRequest) -> Flow:
    yield request


def _flow_of_field(value: str) -> StartFlow:
    def flow(request: PreparedRequest) -> Flow:
        request.headers["Authorization"] = value
        yield request

    return flow


def _flow_of_callable(auth: Callable[[Any], Any]) -> StartFlow:
    def flow(request: PreparedRequest) -> Flow:
        former = getattr(request, "content", None)
        changed = auth(request)
        if changed is None or not hasattr(changed, "headers"):
            message = (
                f"{type(auth).__name__} given as auth= must return the request, not "
                f"{type(changed).__name__}"
            )
            raise InvalidOption(message, request=request)
        if hasattr(changed, "settle"):
            changed.settle()
        body: Any = getattr(changed, "content", former)
        if (
            body is not former
            and body is not None
            and body.content is not None
            and "Content-Length" in changed.headers
        ):
            # It may have put back the fields that came with the former body. requests counts anew
            # as well.
            changed.headers["Content-Length"] = str(body.length)
        yield changed

    return flow


def _overrides_call(scheme: type) -> bool:
    """Whether a subclass of a scheme that has both interfaces was written for requests', and
    overrides that alone.
    """
    for kind in scheme.__mro__:
        if "auth_flow" in vars(kind):
            return False
        if "__call__" in vars(kind):
            return True
    return False


def _encoded(part: Any) -> bytes:
    if isinstance(part, bytes):
        return part
    if isinstance(part, (int, float)) and not isinstance(part, bool):
        part = _written_out(part)
    if not isinstance(part, str):
        raise InvalidOption(_EXPECTED)
    try:
        return part.encode("latin-1")
    except UnicodeEncodeError:
        pass
    try:
        return part.encode()
    except UnicodeEncodeError as error:
        message = f"auth= has text that UTF-8 cannot carry: {error.reason}"
        raise InvalidOption(message) from None


def _written_out(part: float | None) -> str:
    import warnings

    message = f"auth= has a user name or password of type {type(part).__name__}: pass it as str"
    warnings.warn(message, DeprecationWarning, stacklevel=5)
    return str(part)


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
    return token


def _unquoted(text: str | None) -> str:
    if not text:
        return ""
    if "%" not in text:
        return text
    from urllib.parse import unquote

    return unquote(text)
