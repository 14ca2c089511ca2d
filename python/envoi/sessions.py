"""Sessions, under requests' names."""

from __future__ import annotations

from envoi._facade.merging import merge_hooks, merge_setting
from envoi._facade.redirect_mixin import SessionRedirectMixin
from envoi._facade.session import Session
from envoi.api import session
from envoi.models import DEFAULT_REDIRECT_LIMIT, REDIRECT_STATI

__all__ = ["DEFAULT_REDIRECT_LIMIT", "REDIRECT_STATI", "Session", "SessionRedirectMixin", "merge_hooks", "merge_setting", "session"]
