"""From an `auth=` argument to a flow: a generator that yields requests and is sent their responses.
The pipeline knows authentication in this form alone.

A pair of user name and password becomes Basic (RFC 7617), a callable of requests' kind is called
once, and a scheme of `envoi.auth.Auth` is such a generator itself. This file imports neither that
class nor `PreparedRequest`, for both import it: it knows the class by its base `AuthScheme`, and of
a request it uses `headers`, `content`, `flow` and `settle`.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import TYPE_CHECKING, Any, ClassVar, Final, TypeAlias

from envoi._model.exceptions import InvalidOption

if TYPE_CHECKING:
    from envoi._core import URL
    from envoi._model.netrc import Netrc

    AnyFlow: TypeAlias = Generator[Any, Any, None]
    StartFlow: TypeAlias = Callable[[Any], AnyFlow]


class AuthScheme:
    """The base of `envoi.auth.Auth`, which describes its methods."""

    requires_response_body: ClassVar[bool] = False

    def auth_flow(self, request: Any) -> AnyFlow:
        """See `Auth`."""
        raise NotImplementedError

    def redirected_flow(self, request: Any) -> AnyFlow:
        """See `Auth`."""
        raise NotImplementedError


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
    if isinstance(auth, AuthScheme) and not _overrides_call(type(auth)):
        return auth.redirected_flow if redirected else auth.auth_flow
    if callable(auth):
        return _flow_of_callable(auth)
    message = f"{_EXPECTED}, not {type(auth).__name__}"
    raise InvalidOption(message)


def apply_auth(request: Any, auth: Any) -> Any:
    """Authenticate a request at once, as requests does. A scheme that takes several exchanges is
    stored as the request's `flow`, and runs when the request is sent.

    Args:
        request: to be changed.
        auth: a pair of user name and password, an `Auth`, or a callable that takes a request and
            returns it.

    Returns:
        What `auth` returned, mostly the request itself.

    Raises:
        InvalidOption: anything else.
    """
    if isinstance(auth, AuthScheme) and not _overrides_call(type(auth)):
        request.flow = auth
        return request
    for changed in as_flow(auth)(request):
        return changed
    raise InvalidOption(_EXPECTED)


def user_of(url: URL) -> tuple[str, str]:
    """User name and password in a URL, decoded."""
    return _unquoted(url.username), _unquoted(url.password)


def found_credentials(url: URL, netrc: Netrc | None) -> Any:
    """The credentials of a request without `auth=`: the URL's user and password, else netrc's, else
    the URL's user without a password, else None.

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
    """Whether the flow of `auth` reads bodies: each response's is then read before the flow goes
    on.
    """
    return isinstance(auth, AuthScheme) and auth.requires_response_body


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


_EXPECTED: Final = (
    "auth= must be a pair of user name and password, both str or bytes, a callable that returns "
    "the request, or an Auth"
)


def _send_as_it_is(request: Any) -> AnyFlow:
    yield request


def _flow_of_field(value: str) -> StartFlow:
    def flow(request: Any) -> AnyFlow:
        request.headers["Authorization"] = value
        yield request

    return flow


def _flow_of_callable(auth: Callable[[Any], Any]) -> StartFlow:
    def flow(request: Any) -> AnyFlow:
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
            # The callable may have restored header fields of the former body. requests, too, sets
            # Content-Length anew.
            changed.headers["Content-Length"] = str(body.length)
        yield changed

    return flow


def _overrides_call(scheme: type) -> bool:
    """Whether a subclass overrides `__call__`, requests' interface, but not `auth_flow`. Digest has
    both, and the one that was overridden last counts.
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


def _unquoted(text: str | None) -> str:
    if not text:
        return ""
    if "%" not in text:
        return text
    from urllib.parse import unquote

    return unquote(text)
