"""Hooks, under requests' names."""

from __future__ import annotations

from envoi._model.hook_dispatch import HOOKS, default_hooks, dispatch_hook

__all__ = ["HOOKS", "default_hooks", "dispatch_hook"]
