"""The exceptions below everything else: the base of all, and the one for a wrong argument, which
`Timeout`'s limits raise. `envoi._model.exceptions` has the others.
"""

from __future__ import annotations

from typing import Any


class RequestException(OSError):
    """Base of everything below: `except envoi.RequestException` catches all that can go wrong with
    a request.

    Args:
        *args: the message, as for any exception.
        request: the request it happened to.
        response: the response that is to blame.
    """

    request: Any
    response: Any

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
