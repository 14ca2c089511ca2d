"""What is done with every exception of a request."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from envoi.exceptions import RequestException


def blame(error: RequestException, request: Any, response: Any = None) -> None:
    """Tell an error which request, and which response, it happened to; what it knows it keeps.

    Args:
        error: about to be raised.
        request: what was sent.
        response: what came, if anything.
    """
    if error.request is None:
        error.request = request
    if error.response is None and response is not None:
        error.response = response
