"""Dictionaries, under requests' names."""

from __future__ import annotations

import envoi as _envoi  # noqa: F401 - first, for threads: see `envoi/__init__.py`
from envoi._model.structures import CaseInsensitiveDict, LookupDict

__all__ = ["CaseInsensitiveDict", "LookupDict"]
