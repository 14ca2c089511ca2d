"""Hooks, under requests' names."""

from __future__ import annotations

import envoi as _envoi  # noqa: F401 - first, for threads: see `envoi/__init__.py`
from envoi._model.hooks import HOOKS, default_hooks, dispatch_hook

__all__ = ["HOOKS", "default_hooks", "dispatch_hook"]
