"""Authentication schemes, under requests' names, and the base classes for one's own."""

from __future__ import annotations

from typing import Final

import envoi as _envoi  # noqa: F401 - first, for threads: see `envoi/__init__.py`
from envoi._model.auth import Auth, AuthBase, BearerAuth, HTTPBasicAuth, HTTPProxyAuth
from envoi._model.auth import basic_auth_str as _basic_auth_str  # noqa: F401 - packages built on requests import it
from envoi._model.digest import HTTPDigestAuth

__all__ = ["Auth", "AuthBase", "BearerAuth", "HTTPBasicAuth", "HTTPDigestAuth", "HTTPProxyAuth"]

CONTENT_TYPE_FORM_URLENCODED: Final = "application/x-www-form-urlencoded"
CONTENT_TYPE_MULTI_PART: Final = "multipart/form-data"
