"""requests' module of that name: how header fields and text are checked."""

from __future__ import annotations

import envoi as _envoi  # noqa: F401 - first, for threads: see `envoi/__init__.py`
from envoi._model.header_values import BYTES_VALIDATORS as _HEADER_VALIDATORS_BYTE
from envoi._model.header_values import HEADER_VALIDATORS
from envoi._model.header_values import STR_VALIDATORS as _HEADER_VALIDATORS_STR
from envoi._model.legacy_text import to_native_string, unicode_is_ascii

__all__ = [
    "HEADER_VALIDATORS",
    "_HEADER_VALIDATORS_BYTE",
    "_HEADER_VALIDATORS_STR",
    "to_native_string",
    "unicode_is_ascii",
]
