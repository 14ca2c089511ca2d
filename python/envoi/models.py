"""Requests and responses, under requests' names."""

from __future__ import annotations

from typing import Final

from envoi._facade.response import Response
from envoi._model.prepared import PreparedRequest
from envoi._model.request import Request
from envoi._model.request_hooks import RequestHooksMixin
from envoi._model.response import REDIRECT_STATUSES

__all__ = [
    "CONTENT_CHUNK_SIZE",
    "DEFAULT_REDIRECT_LIMIT",
    "ITER_CHUNK_SIZE",
    "REDIRECT_STATI",
    "PreparedRequest",
    "Request",
    "RequestHooksMixin",
    "Response",
]

RequestEncodingMixin = PreparedRequest
REDIRECT_STATI: Final = tuple(sorted(REDIRECT_STATUSES))
DEFAULT_REDIRECT_LIMIT: Final = 30
CONTENT_CHUNK_SIZE: Final = 10 * 1024
ITER_CHUNK_SIZE: Final = 512
