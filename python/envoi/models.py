"""Requests and responses, under requests' names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import envoi as _envoi  # noqa: F401 - first, for threads: see `envoi/__init__.py`
from envoi._model.hooks import RequestHooksMixin
from envoi._model.lazy import names_of as _names_of
from envoi._model.prepared import PreparedRequest
from envoi._model.request import Request
from envoi._model.response import REDIRECT_STATUSES
from envoi._responses.response import Response

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

if not TYPE_CHECKING:
    _ELSEWHERE = {
        "DecodeError": "urllib3.exceptions:DecodeError",
        "LocationParseError": "urllib3.exceptions:LocationParseError",
        "ProtocolError": "urllib3.exceptions:ProtocolError",
        "ReadTimeoutError": "urllib3.exceptions:ReadTimeoutError",
        "RequestField": "urllib3.fields:RequestField",
        "RequestsJSONDecodeError": "envoi.exceptions:JSONDecodeError",
        "RequestsSSLError": "envoi.exceptions:SSLError",
        "_copy_cookie_jar": "envoi._model.cookie_functions:copy_cookie_jar",
        "complexjson": "json",
        "datetime": "datetime",
        "encode_multipart_formdata": "urllib3.filepost:encode_multipart_formdata",
        "parse_url": "urllib3.util:parse_url",
        "to_native_string": "envoi._internal_utils:to_native_string",
        "unicode_is_ascii": "envoi._internal_utils:unicode_is_ascii",
    }
    _MODULES = [
        f"envoi.{name}"
        for name in (
            "exceptions",
            "utils",
            "structures",
            "cookies",
            "hooks",
            "auth",
            "compat",
            "status_codes",
        )
    ]
    __getattr__ = _names_of(__name__, _MODULES, _ELSEWHERE)
