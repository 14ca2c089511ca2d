"""Cookies, under requests' names."""

from __future__ import annotations

from http import cookiejar as cookielib
from http.cookies import Morsel

import envoi as _envoi  # noqa: F401 - first, for threads: see `envoi/__init__.py`
from envoi._model.cookie_functions import (
    MockRequest,
    MockResponse,
    cookiejar_from_dict,
    create_cookie,
    extract_cookies_to_jar,
    get_cookie_header,
    merge_cookies,
    morsel_to_cookie,
)
from envoi._model.cookie_functions import copy_cookie_jar as _copy_cookie_jar
from envoi._model.cookie_jar import RequestsCookieJar, remove_cookie_by_name
from envoi._model.cookie_values import CookieConflictError
from envoi._model.public_suffixes import public_suffix_list_date, use_public_suffix_list
from envoi.exceptions import CookieFileError, CookieFileNotFound

__all__ = [
    "CookieConflictError",
    "CookieFileError",
    "CookieFileNotFound",
    "MockRequest",
    "MockResponse",
    "Morsel",
    "RequestsCookieJar",
    "_copy_cookie_jar",
    "cookiejar_from_dict",
    "cookielib",
    "create_cookie",
    "extract_cookies_to_jar",
    "get_cookie_header",
    "merge_cookies",
    "morsel_to_cookie",
    "public_suffix_list_date",
    "remove_cookie_by_name",
    "use_public_suffix_list",
]
