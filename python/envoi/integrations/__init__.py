"""Envoi under other libraries' interfaces; none of them is a dependency."""

from __future__ import annotations
