"""Dictionaries, under requests' names."""

from __future__ import annotations

from envoi._model.structures import CaseInsensitiveDict, LookupDict

__all__ = ["CaseInsensitiveDict", "LookupDict"]
