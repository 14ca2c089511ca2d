"""The names of requests.compat: the standard library's, wherever Python 3 has them. Each is
imported when asked for.
"""

from __future__ import annotations

import builtins
from collections.abc import Callable, Mapping, MutableMapping
from typing import TYPE_CHECKING

import envoi as _envoi  # noqa: F401 - first, for threads: see `envoi/__init__.py`
from envoi._model.lazy import lazy_names

if TYPE_CHECKING:
    import json
    from collections import OrderedDict
    from http import cookiejar as cookielib
    from http.cookies import Morsel
    from io import StringIO
    from json import JSONDecodeError
    from types import ModuleType
    from urllib.parse import (
        quote,
        quote_plus,
        unquote,
        unquote_plus,
        urldefrag,
        urlencode,
        urljoin,
        urlparse,
        urlsplit,
        urlunparse,
    )
    from urllib.request import (  # type: ignore[attr-defined] # typeshed lacks the last
        getproxies,
        getproxies_environment,
        parse_http_list,
        proxy_bypass,
        proxy_bypass_environment,
    )

    chardet: ModuleType
else:
    __getattr__ = lazy_names(
        "envoi.compat",
        {
            "JSONDecodeError": "json:JSONDecodeError",
            "Morsel": "http.cookies:Morsel",
            "OrderedDict": "collections:OrderedDict",
            "StringIO": "io:StringIO",
            "chardet": "chardet|charset_normalizer",
            "cookielib": "http.cookiejar",
            "getproxies": "urllib.request:getproxies",
            "getproxies_environment": "urllib.request:getproxies_environment",
            "json": "json",
            "parse_http_list": "urllib.request:parse_http_list",
            "proxy_bypass": "urllib.request:proxy_bypass",
            "proxy_bypass_environment": "urllib.request:proxy_bypass_environment",
            "quote": "urllib.parse:quote",
            "quote_plus": "urllib.parse:quote_plus",
            "unquote": "urllib.parse:unquote",
            "unquote_plus": "urllib.parse:unquote_plus",
            "urldefrag": "urllib.parse:urldefrag",
            "urlencode": "urllib.parse:urlencode",
            "urljoin": "urllib.parse:urljoin",
            "urlparse": "urllib.parse:urlparse",
            "urlsplit": "urllib.parse:urlsplit",
            "urlunparse": "urllib.parse:urlunparse",
        },
    )

__all__ = [
    "Callable",
    "JSONDecodeError",
    "Mapping",
    "Morsel",
    "MutableMapping",
    "OrderedDict",
    "StringIO",
    "basestring",
    "builtin_str",
    "bytes",
    "chardet",
    "cookielib",
    "getproxies",
    "getproxies_environment",
    "has_simplejson",
    "integer_types",
    "is_py2",
    "is_py3",
    "is_urllib3_1",
    "json",
    "numeric_types",
    "parse_http_list",
    "proxy_bypass",
    "proxy_bypass_environment",
    "quote",
    "quote_plus",
    "str",
    "unquote",
    "unquote_plus",
    "urldefrag",
    "urlencode",
    "urljoin",
    "urlparse",
    "urlsplit",
    "urlunparse",
]

is_py2 = False
is_py3 = True
is_urllib3_1 = False
has_simplejson = False
str = builtins.str  # noqa: A001 - requests' name
bytes = builtins.bytes  # noqa: A001 - requests' name
builtin_str = builtins.str
basestring: tuple[type[builtins.str], type[builtins.bytes]] = (builtins.str, builtins.bytes)
numeric_types: tuple[type[int], type[float]] = (int, float)
integer_types: tuple[type[int]] = (int,)
