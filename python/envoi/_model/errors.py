"""The exceptions below everything else: the base of all, and the one for a wrong argument, which
`Timeout`'s limits raise. `envoi._model.exceptions` has the others.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from envoi._core import Headers


class SentRequest(Protocol):
    """What an error tells of the request that it happened to: a `PreparedRequest`, which stands
    above this file.
    """

    @property
    def method(self) -> str: ...
    @property
    def url(self) -> str: ...
    @property
    def headers(self) -> Headers: ...
    @property
    def body(self) -> Any: ...


class FailedResponse(Protocol):
    """What an error tells of the response that is to blame: a `Response` or an `AsyncResponse`,
    which stand above this file.
    """

    @property
    def status_code(self) -> int: ...
    @property
    def reason(self) -> str: ...
    @property
    def url(self) -> str: ...
    @property
    def headers(self) -> Headers: ...
    @property
    def content(self) -> bytes: ...
    @property
    def text(self) -> str: ...
    @property
    def ok(self) -> bool: ...
    @property
    def encoding(self) -> str | None: ...
    @property
    def request(self) -> SentRequest: ...
    @property
    def history(self) -> list[Any]: ...
    def json(self, **kwargs: Any) -> Any: ...
    def close(self) -> Any: ...


class RequestException(OSError):
    """Base of everything below: `except envoi.RequestException` catches all that can go wrong with
    a request.

    Args:
        *args: the message, as for any exception.
        request: the request it happened to.
        response: the response that is to blame.
    """

    if TYPE_CHECKING:

        @property
        def request(self) -> SentRequest | None: ...
        @request.setter
        def request(self, value: Any) -> None: ...
        @property
        def response(self) -> FailedResponse | None: ...
        @response.setter
        def response(self, value: Any) -> None: ...

    def __init__(self, *args: object, request: Any = None, response: Any = None) -> None:
        super().__init__(*args)
        self.response = response
        self.request = request
        if request is None and response is not None:
            self.request = getattr(response, "request", None)

    def __reduce__(self) -> Any:
        """Pickle and copy with request and response, the latter without its body if that cannot be
        read now.
        """
        reduced: Any = super().__reduce__()
        return reduced[0], reduced[1], self._state()

    def _state(self) -> dict[str, Any]:
        portable = getattr(self.response, "_portable", None)
        state = self.__dict__ if portable is None else {**self.__dict__, "response": portable()}
        return state if self.errno is None else {**state, "errno": self.errno}


class InvalidOption(RequestException, TypeError, ValueError):
    """An argument of the wrong type or out of range: a timeout, `verify`, `cert`, `auth`, a
    limit.
    """


def blame(error: RequestException, request: Any, response: Any = None) -> None:
    """Note on an error which request it happened to, and which response is to blame; what it
    carries already stays.

    Args:
        error: an error that is about to be raised, or passes by.
        request: the request that was sent.
        response: the response that had begun, if any.
    """
    if error.request is None:
        error.request = request
    if error.response is None and response is not None:
        error.response = response
