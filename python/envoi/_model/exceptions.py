"""The exceptions of `envoi.exceptions`, where their tree is drawn. They are defined here so that
Envoi's own modules need not import a public module: see `envoi/__init__.py`.
"""

from __future__ import annotations

import builtins
from json import JSONDecodeError as _StandardJSONDecodeError
from typing import TYPE_CHECKING, Any, NoReturn, overload

from envoi._core import InvalidHeaderError, publish_invalid_header
from envoi._model.errors import InvalidOption, RequestException
from envoi._model.suggestions import OF_A_TIMEOUT, complaint
from envoi._model.timeout import Timeout as Limits

if TYPE_CHECKING:
    from typing import Self

    from envoi._model.errors import FailedResponse, SentRequest

__all__ = [
    "AlreadyImported",
    "BodyTooLarge",
    "CertificateError",
    "ChunkedEncodingError",
    "ConnectTimeout",
    "ConnectionError",
    "ConnectionRefused",
    "ContentDecodingError",
    "CookieFileError",
    "CookieFileNotFound",
    "CookieFileWarning",
    "FileModeWarning",
    "HSTSFileError",
    "HSTSFileNotFound",
    "HTTPError",
    "IncompleteBody",
    "IncompleteHead",
    "InvalidBody",
    "InvalidFraming",
    "InvalidHeader",
    "InvalidJSONError",
    "InvalidMethod",
    "InvalidOption",
    "InvalidProxyURL",
    "InvalidRedirect",
    "InvalidSchema",
    "InvalidURL",
    "JSONDecodeError",
    "MissingSchema",
    "NameResolutionError",
    "PoolTimeout",
    "ProxyError",
    "ReadTimeout",
    "RemoteProtocolError",
    "RequestException",
    "RequestsDependencyWarning",
    "RequestsWarning",
    "RetryError",
    "SSLError",
    "SessionClosed",
    "StreamConsumedError",
    "Timeout",
    "TooManyRedirects",
    "TotalTimeout",
    "URLRequired",
    "UnrewindableBodyError",
    "WriteTimeout",
    "WrongEventLoop",
]


class InvalidURL(RequestException, ValueError):
    """A URL that cannot be used: no host, a bad port, a forbidden character."""


class InvalidProxyURL(InvalidURL):
    """A proxy's URL that cannot be used."""


class URLRequired(InvalidURL):
    """A request without a URL."""


class MissingSchema(RequestException, ValueError):
    """A URL without `http://` or `https://`."""


class InvalidSchema(RequestException, ValueError):
    """A URL whose scheme is not one that Envoi speaks."""


class InvalidHeader(RequestException, InvalidHeaderError):
    """A header name or value that cannot be sent: wrong type, or characters that would break the
    message (RFC 9110, section 5.5).
    """


class InvalidMethod(RequestException, ValueError):
    """A method that is not an HTTP token (RFC 9110, section 9.1)."""


class InvalidBody(RequestException, ValueError):
    """A body that cannot be sent: wrong type, an async body in a sync session, fewer or more bytes
    than its Content-Length.
    """


class ConnectionError(RequestException, builtins.ConnectionError):  # noqa: A001 - requests' name
    """The connection could not be made, or broke. `phase` names what was being done: "dns",
    "connect", "tls", "write", "read" or "body".
    """

    phase: str | None = None


class NameResolutionError(ConnectionError):
    """The host's name has no address."""


class ConnectionRefused(ConnectionError, builtins.ConnectionRefusedError):
    """Nobody listens at the address. `errno` is the system's number, as for all failures that the
    system has told.
    """


_LIMITS = frozenset({"connect", "read", "write", "pool", "total"})
_DETAILS = frozenset({"phase", "seconds", "request", "response"})


def _refuse_limits(args: tuple[object, ...], details: dict[str, Any]) -> NoReturn:
    unknown = [name for name in details if name not in _LIMITS and name not in _DETAILS]
    if unknown:
        raise InvalidOption(complaint(unknown[0], "a limit of Timeout", _LIMITS, OF_A_TIMEOUT))
    if len(args) == 1 and isinstance(args[0], (int, float)):
        raise InvalidOption(
            f"Timeout takes its limits by name: instead of {args[0]!r} for all the others, write "
            f"Timeout(connect={args[0]!r}, read={args[0]!r}, write={args[0]!r}, pool={args[0]!r}), "
            "each as it is to be"
        )
    raise InvalidOption(
        "Timeout(…) is either limits, all of them by name, Timeout(connect=3, total=30), or an "
        "exception"
    )


class Timeout(RequestException, builtins.TimeoutError):
    """Something took too long. `phase` names it, `seconds` is the limit that was passed.

    Called with limits, `Timeout(connect=3, total=30)`, it gives the value to pass as `timeout=`;
    see `envoi.Limits`. The limits must be keywords: `Timeout(3, 5)` is an exception, and refused as
    `timeout=`.

    Args:
        *args: the message.
        phase: "pool", "dns", "connect", "tls", "write", "read", "body" or "total".
        seconds: the limit in seconds.
        request: the request it happened to.
        response: the response that had begun, if any.
    """

    phase: str | None
    seconds: float | None

    @overload
    def __new__(
        cls,
        *,
        connect: float | None = ...,
        read: float | None = ...,
        write: float | None = ...,
        pool: float | None = ...,
        total: float | None = ...,
    ) -> _TimeoutAsLimits: ...
    @overload
    def __new__(
        cls,
        *args: object,
        phase: str | None = None,
        seconds: float | None = None,
        request: Any = None,
        response: Any = None,
    ) -> Self: ...
    def __new__(cls, *args: object, **details: Any) -> Any:
        """An exception, or a `Limits` when there are limits and nothing else."""
        if cls is Timeout and details and not details.keys() <= _DETAILS:
            if not args and details.keys() <= _LIMITS:
                return Limits(**details)
            _refuse_limits(args, details)
        return super().__new__(cls, *args)

    if not TYPE_CHECKING:  # from `__init__` they would infer the only way to call the class

        def __init__(
            self,
            *args: object,
            phase: str | None = None,
            seconds: float | None = None,
            request: Any = None,
            response: Any = None,
        ) -> None:
            super().__init__(*args, request=request, response=response)
            self.phase = phase
            self.seconds = seconds


if TYPE_CHECKING:

    class _TimeoutAsLimits(Limits, Timeout):
        """What type checkers see in `Timeout(total=30)`, because they hold that a class makes its
        instances only. It is a `Limits`.
        """


class ConnectTimeout(ConnectionError, Timeout):
    """No connection within the connect timeout: name, TCP and TLS together. Safe to retry."""


class PoolTimeout(ConnectionError, Timeout):
    """No free connection within the pool timeout: all `max_connections` are in use. Safe to
    retry.
    """


class ReadTimeout(Timeout):
    """The server sent nothing within the read timeout."""


class WriteTimeout(Timeout):
    """The server took nothing of the request within the write timeout."""


class TotalTimeout(Timeout):
    """The whole request, redirects and body included, took longer than `Timeout(total=…)`."""


class ProxyError(ConnectionError):
    """The proxy could not be reached, or refused."""


class SSLError(ConnectionError):
    """TLS failed."""


class CertificateError(SSLError):
    """The server's certificate is not to be trusted: expired, self-signed, for another host, from
    an unknown authority.
    """


class RemoteProtocolError(ConnectionError):
    """The server sent something that is not HTTP, or closed the connection instead of answering."""


class InvalidFraming(RemoteProtocolError, InvalidHeader):
    """The answer's Content-Length and Transfer-Encoding contradict each other, or mean nothing."""


class HTTPError(RequestException):
    """A 4xx or 5xx answer, raised by `Response.raise_for_status`."""

    if TYPE_CHECKING:

        @property
        def request(self) -> SentRequest: ...
        @request.setter
        def request(self, value: Any) -> None: ...
        @property
        def response(self) -> FailedResponse: ...
        @response.setter
        def response(self, value: Any) -> None: ...


class TooManyRedirects(RequestException):
    """More redirects than `max_redirects`, or a redirect that leads back to itself."""


class InvalidRedirect(RequestException, ValueError):
    """A redirect with several Location fields that differ: where it leads would be a matter of
    luck (RFC 9110, section 10.2.2).
    """


class ChunkedEncodingError(RequestException):
    """The body's framing is broken."""


class IncompleteHead(RemoteProtocolError, ChunkedEncodingError):
    """The connection ended inside the answer's head."""


class IncompleteBody(ChunkedEncodingError):
    """The connection ended before the body did: what was received is not the whole."""


class ContentDecodingError(RequestException, ValueError):
    """The body's content coding (gzip, deflate, br, zstd) is corrupt, truncated or chained too
    deeply.
    """


class BodyTooLarge(RequestException):
    """The body, decoded, is larger than `max_body`."""


class InvalidJSONError(RequestException):
    """Something that cannot be written or read as JSON."""


class JSONDecodeError(InvalidJSONError, _StandardJSONDecodeError):
    """The body is not JSON.

    Args:
        *args: message, document and position, as of `json.JSONDecodeError`.
        request: the request it happened to.
        response: the response with that body.

    Attributes:
        about: what the answer was: status, Content-Type, length and beginning.
    """

    about: str = ""

    def __init__(self, *args: Any, request: Any = None, response: Any = None) -> None:
        _StandardJSONDecodeError.__init__(self, *args)
        InvalidJSONError.__init__(self, *self.args, request=request, response=response)

    def __str__(self) -> str:
        said = super().__str__()
        return f"{said}; {self.about}" if self.about else said

    def __reduce__(self) -> Any:
        """Pickle as the standard error does, by message, document and position, and keep what was
        added since.
        """
        return type(self), (self.msg, self.doc, self.pos), self._state()


class StreamConsumedError(RequestException, TypeError, RuntimeError):
    """The body was already read in pieces, and is gone."""


class UnrewindableBodyError(RequestException):
    """The body must be sent again (a redirect, a retry), and cannot be rewound."""


class CookieFileError(RequestException):
    """A file of cookies cannot be read or written, or is not one."""


class CookieFileNotFound(CookieFileError, FileNotFoundError):
    """There is no such file of cookies, or no such folder to write one to."""


class HSTSFileError(RequestException):
    """A file of HSTS hosts cannot be read or written, or is not one."""


class HSTSFileNotFound(HSTSFileError, FileNotFoundError):
    """There is no such file of HSTS hosts, or no such folder to write one to."""


class RetryError(RequestException):
    """All attempts failed."""


class AlreadyImported(RequestException, RuntimeError):
    """`install_as_requests` came too late: requests is imported already."""


class SessionClosed(RequestException, RuntimeError):
    """The session was closed; make a new one."""


class WrongEventLoop(RequestException, RuntimeError):
    """An async session belongs to the event loop of its first request, and was used from
    another.
    """


class RequestsWarning(Warning):
    """Base of Envoi's warnings, under requests' name."""


class FileModeWarning(RequestsWarning, DeprecationWarning):
    """A file was opened in text mode; its length in bytes is not known."""


class CookieFileWarning(RequestsWarning):
    """Some lines of a file of cookies are none, and were left out."""


class RequestsDependencyWarning(RequestsWarning):
    """A dependency's version does not fit. Never issued; kept for code that filters it."""


for _name in __all__:  # shown in tracebacks and documents, and stored in pickles
    globals()[_name].__module__ = "envoi.exceptions"

publish_invalid_header(InvalidHeader)
