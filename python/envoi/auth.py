"""Authentication schemes, under requests' names, and the base classes for one's own."""

from __future__ import annotations

from typing import Any

from envoi._model.auth import Auth, AuthBase, BearerAuth, HTTPBasicAuth, HTTPProxyAuth
from envoi._model.auth import basic as _basic
from envoi._model.digest import HTTPDigestAuth

__all__ = ["Auth", "AuthBase", "BearerAuth", "HTTPBasicAuth", "HTTPDigestAuth", "HTTPProxyAuth"]

CONTENT_TYPE_FORM_URLENCODED = "application/x-www-form-urlencoded"
CONTENT_TYPE_MULTI_PART = "multipart/form-data"


def _basic_auth_str(username: Any, password: Any) -> str:
    return _basic((username, password))
