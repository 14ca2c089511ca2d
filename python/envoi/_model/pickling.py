"""What of a response goes to another process, or into a copy: all that is known of it, and nothing
that is live.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from envoi._model.trace import PastTrace
from envoi.exceptions import RequestException

if TYPE_CHECKING:
    from envoi._model.response import BaseResponse

R = TypeVar("R", bound="BaseResponse")


def response_state(response: BaseResponse) -> dict[str, Any]:
    """The attributes of a copy; a body that is still to be read is read for it.

    Args:
        response: the original.

    Raises:
        StreamConsumedError: its body must be awaited first.
    """
    if _is_unread(response):
        response._loaded_content()
    return _state(response)


def portable(response: R) -> R:
    """A response as an exception takes it along: without its body, if that cannot be read now.

    Args:
        response: the exception's.
    """
    if not _is_unread(response):
        return response
    try:
        response._loaded_content()
    except RequestException:
        made = object.__new__(type(response))
        made.__dict__.update(_state(response))
        return made
    return response


def _is_unread(response: BaseResponse) -> bool:
    known = response.__dict__
    return (
        known.get("body") is not None
        and known.get("_content") is None
        and not (known.get("_consumed") or known.get("_touched"))
    )


def _state(response: BaseResponse) -> dict[str, Any]:
    state: dict[str, Any] = {
        "status_code": response.status_code,
        "request": response.request,
        "trailers": response.trailers,
        "trace": PastTrace(response.timing, response.connection_info),
        "_content": response.__dict__.get("_content"),
        "_touched": True,
        "_consumed": True,
        "_reason": response.reason,
        "_headers": response.headers,
        "_http_version": response.http_version,
        "_url_text": response.url,
        "_url": None,
        "_head": None,
        "_encoding": response.encoding,
        "_cookies": response.cookies,
        "_elapsed": response.elapsed,
        "_history": response.history,
        "_next": response.next,
    }
    return state
