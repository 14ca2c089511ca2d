"""`envoi.aio.models`: requests' module of that name, with the response of an async session."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envoi._model.hooks import RequestHooksMixin
from envoi._model.lazy import names_of as _names_of
from envoi._model.prepared import PreparedRequest
from envoi._model.request import Request
from envoi._responses.async_response import AsyncResponse as Response

__all__ = ["PreparedRequest", "Request", "RequestHooksMixin", "Response"]

if not TYPE_CHECKING:
    __getattr__ = _names_of(__name__, ["envoi.models"], {})
