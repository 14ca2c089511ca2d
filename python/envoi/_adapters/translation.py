"""Between requests' arguments and responses, as an adapter has them, and Envoi's own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from envoi._model.headers import Headers
from envoi._model.timeout import DEFAULT_TIMEOUT, FOREVER, Timeout

if TYPE_CHECKING:
    from envoi._model.prepared import PreparedRequest
    from envoi._model.types import TimeoutType


def limits_of(request: PreparedRequest, timeout: TimeoutType) -> Timeout:
    """The limits that an adapter's `timeout` stands for.

    Args:
        request: says whether None is its caller's own.
        timeout: as `send` was given it.
    """
    if timeout is None and request.provenance.timeout_given is not True:
        return DEFAULT_TIMEOUT
    return Timeout.parse(timeout, DEFAULT_TIMEOUT)


def as_argument(timeout: Timeout) -> Any:
    """Limits as an adapter is told them: None where there are none, as in requests.

    Args:
        timeout: the limits.
    """
    return None if timeout == FOREVER else timeout.in_plain_words()


def filled(response: Any, request: PreparedRequest, resp: Any) -> Any:
    """An empty response, filled from one of urllib3's or what is like it.

    Args:
        response: of the façade.
        request: what was sent.
        resp: what came.
    """
    from envoi._model.cookie_functions import extract_cookies_to_jar

    response.status_code = getattr(resp, "status", None)
    fields = getattr(resp, "headers", None) or {}
    response.headers = Headers(
        [
            (name, value if isinstance(value, (str, bytes)) else str(value))
            for name, value in fields.items()
        ]
    )
    response.raw = resp
    response.reason = getattr(resp, "reason", None)
    response.url = request.url
    response.request = request
    extract_cookies_to_jar(response.cookies, request, resp)
    return response
