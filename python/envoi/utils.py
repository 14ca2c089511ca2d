"""requests' helper functions, gathered here under their names.
`mock.patch("envoi.utils.proxy_bypass")` works as it does there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import envoi as _envoi  # noqa: F401 - first, for threads: see `envoi/__init__.py`
from envoi._internal_utils import (
    _HEADER_VALIDATORS_BYTE,
    _HEADER_VALIDATORS_STR,
    HEADER_VALIDATORS,
    to_native_string,
)
from envoi._model.body_length import rewind_body, super_len
from envoi._model.charset import json_encoding as guess_json_utf
from envoi._model.cookie_dicts import add_dict_to_cookiejar, dict_from_cookiejar
from envoi._model.environment import NETRC_FILES, get_netrc_auth, set_environ
from envoi._model.files import atomic_open, extract_zipped_paths, guess_filename
from envoi._model.header_values import (
    check_header_validity,
    parse_dict_header,
    parse_list_header,
    unquote_header_value,
)
from envoi._model.header_values import parse_content_type as _parse_content_type_header
from envoi._model.headers import __version__
from envoi._model.ipv4 import address_in_network, dotted_netmask, is_ipv4_address, is_valid_cidr
from envoi._model.lazy import lazy_names as _lazy_names
from envoi._model.legacy_headers import DEFAULT_ACCEPT_ENCODING, default_headers, default_user_agent
from envoi._model.legacy_text import (
    get_encoding_from_headers,
    get_encodings_from_content,
    get_unicode_from_response,
    iter_slices,
    stream_decode_response_unicode,
)
from envoi._model.links import parse_links as parse_header_links
from envoi._model.pairs import dict_to_sequence, from_key_val_list, to_key_val_list
from envoi._model.structures import CaseInsensitiveDict
from envoi._model.uris import (
    UNRESERVED_SET,
    get_auth_from_url,
    prepend_scheme_if_needed,
    requote_uri,
    unquote_unreserved,
    urldefragauth,
)
from envoi._proto.plans.proxy_lookup import bypass_rule as _bypass_rule
from envoi._proto.plans.proxy_lookup import (
    get_environ_proxies,
    proxy_bypass,
    proxy_bypass_registry,
    resolve_proxies,
    select_proxy,
)
from envoi.exceptions import FileModeWarning, InvalidHeader, InvalidURL, UnrewindableBodyError

if TYPE_CHECKING:
    from collections import OrderedDict
    from urllib.parse import quote, unquote, urlparse, urlunparse
    from urllib.request import getproxies, getproxies_environment

    DEFAULT_CA_BUNDLE_PATH: str

__all__ = [
    "DEFAULT_ACCEPT_ENCODING",
    "DEFAULT_CA_BUNDLE_PATH",
    "DEFAULT_PORTS",
    "HEADER_VALIDATORS",
    "NETRC_FILES",
    "UNRESERVED_SET",
    "_HEADER_VALIDATORS_BYTE",
    "_HEADER_VALIDATORS_STR",
    "CaseInsensitiveDict",
    "FileModeWarning",
    "InvalidHeader",
    "InvalidURL",
    "OrderedDict",
    "UnrewindableBodyError",
    "__version__",
    "_parse_content_type_header",
    "add_dict_to_cookiejar",
    "address_in_network",
    "atomic_open",
    "check_header_validity",
    "default_headers",
    "default_user_agent",
    "dict_from_cookiejar",
    "dict_to_sequence",
    "dotted_netmask",
    "extract_zipped_paths",
    "from_key_val_list",
    "get_auth_from_url",
    "get_encoding_from_headers",
    "get_encodings_from_content",
    "get_environ_proxies",
    "get_netrc_auth",
    "get_unicode_from_response",
    "getproxies",
    "getproxies_environment",
    "guess_filename",
    "guess_json_utf",
    "is_ipv4_address",
    "is_valid_cidr",
    "iter_slices",
    "parse_dict_header",
    "parse_header_links",
    "parse_list_header",
    "prepend_scheme_if_needed",
    "proxy_bypass",
    "proxy_bypass_registry",
    "quote",
    "requote_uri",
    "resolve_proxies",
    "rewind_body",
    "select_proxy",
    "set_environ",
    "should_bypass_proxies",
    "stream_decode_response_unicode",
    "super_len",
    "to_key_val_list",
    "to_native_string",
    "unquote",
    "unquote_header_value",
    "unquote_unreserved",
    "urldefragauth",
    "urlparse",
    "urlunparse",
]

DEFAULT_PORTS: Final = {"http": 80, "https": 443}

# Looked up at each call, so that it can be replaced in this module.
should_bypass_proxies: _BypassRule = _bypass_rule(lambda host: proxy_bypass(host))  # noqa: PLW0108

if TYPE_CHECKING:
    from envoi._proto.plans.proxy_lookup import BypassRule as _BypassRule
else:
    __getattr__ = _lazy_names(
        "envoi.utils",
        {
            "OrderedDict": "collections:OrderedDict",
            "certs": "envoi.certs",
            "cookiejar_from_dict": "envoi.cookies:cookiejar_from_dict",
            "getproxies": "urllib.request:getproxies",
            "getproxies_environment": "urllib.request:getproxies_environment",
            "proxy_bypass_environment": "urllib.request:proxy_bypass_environment",
            "quote": "urllib.parse:quote",
            "unquote": "urllib.parse:unquote",
            "urlparse": "urllib.parse:urlparse",
            "urlunparse": "urllib.parse:urlunparse",
            "DEFAULT_CA_BUNDLE_PATH": "envoi._model.bundle:PATH",
        },
    )
