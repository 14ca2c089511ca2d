"""Which proxy serves a request, and what a proxy's URL means.

Explicit proxies are a mapping such as `{"https": "http://user:password@proxy.test:3128",
"all://intranet.test": None}`. The environment is a mapping that is handed in, and read with
requests' and urllib's names.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterable, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, NoReturn, TypeAlias

from envoi._model.exceptions import InvalidOption, InvalidProxyURL
from envoi._model.headers import Headers, merge_headers
from envoi._model.sentinel import NOT_GIVEN, NotGiven
from envoi._model.text import plain
from envoi._model.url import URL, URLError

if TYPE_CHECKING:
    from typing import Self

HTTP_KINDS: Final = frozenset({"http", "https"})
SOCKS_KINDS: Final = frozenset({"socks4", "socks4a", "socks5", "socks5h"})
DEFAULT_PORTS: Final = {"http": 80, "https": 443}
SOCKS_PORT: Final = 1080
MAX_SOCKS_FIELD: Final = 255
"""Bytes of a user name or a password (RFC 1929, section 2)."""

_CACHE_SIZE: Final = 256
_AFTER_SCHEME: Final = re.compile("(:/+)")


class ProxyConfig:
    """A proxy: a value that hashes and compares by all it has, credentials included, so that it can
    be part of a pool's key.

    Args:
        kind: "http", "https", "socks4", "socks4a", "socks5" or "socks5h". socks4 and socks5 are
            told addresses, the other two names.
        host: its name or address, without brackets.
        port: its port.
        username: decoded; None for no credentials. SOCKS4 sends it as the user id.
        password: decoded. SOCKS4 has none, and ignores it.
        tls: how TLS is made with an https proxy; None for the request's own way of verifying.
        headers: sent to an HTTP proxy, with CONNECT and with forwarded requests; a
            Proxy-Authorization here beats the credentials.

    Raises:
        InvalidProxyURL: an unknown kind, a port that is none, or credentials that the proxy's
            protocol cannot carry.
        InvalidHeader: a header that cannot be sent.
    """

    __slots__ = ("_hash", "fields", "host", "kind", "password", "port", "tls", "username")

    kind: str
    host: str
    port: int
    username: str | None
    password: str | None
    tls: Hashable
    fields: tuple[tuple[str, str], ...]
    """The header fields for an HTTP proxy, Proxy-Authorization included."""
    _hash: int

    def __init__(
        self,
        kind: str,
        host: str,
        port: int,
        username: str | None = None,
        password: str | None = None,
        *,
        tls: Hashable = None,
        headers: Mapping[str, str] | Iterable[tuple[str, str]] = (),
    ) -> None:
        place = object.__setattr__
        place(self, "kind", kind)
        place(self, "host", host)
        place(self, "port", port)
        place(self, "username", username)
        place(self, "password", password)
        place(self, "tls", tls)
        if kind not in HTTP_KINDS and kind not in SOCKS_KINDS:
            raise InvalidProxyURL(
                f"a proxy is http, https, socks4, socks4a, socks5 or socks5h, not {kind!r}"
            )
        if not host or not 0 < port < 65536:
            raise InvalidProxyURL(
                f"a proxy needs a host and a port from 1 to 65535, not {host!r} and {port!r}"
            )
        _check_credentials(self)
        place(self, "fields", _fields(kind, username, password, merge_headers(Headers(), headers)))
        place(self, "_hash", hash(self._parts()))

    @property
    def url(self) -> str:
        """The proxy's URL without credentials: for messages."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.kind}://{host}:{self.port}"

    @property
    def forwards(self) -> bool:
        """Whether plain http requests are sent to it in absolute form (RFC 9112, section 3.2.2)
        rather than through a tunnel.
        """
        return self.kind in HTTP_KINDS

    @property
    def authorization(self) -> str | None:
        """The Proxy-Authorization field's value (RFC 9110, section 11.7.2), or None."""
        return next(
            (value for name, value in self.fields if name.lower() == "proxy-authorization"), None
        )

    def with_tls(self, tls: Hashable) -> ProxyConfig:
        """The same proxy with another TLS configuration."""
        return ProxyConfig(
            self.kind,
            self.host,
            self.port,
            self.username,
            self.password,
            tls=tls,
            headers=self.fields,
        )

    def with_headers(self, headers: Mapping[str, str] | Iterable[tuple[str, str]]) -> ProxyConfig:
        """The same proxy with more header fields; each name replaces one that was there."""
        merged = merge_headers(Headers(self.fields), headers)
        fields = merged.multi_items()
        return ProxyConfig(
            self.kind,
            self.host,
            self.port,
            self.username,
            self.password,
            tls=self.tls,
            headers=fields,
        )

    def __setattr__(self, name: str, value: object) -> NoReturn:
        message = "a ProxyConfig cannot be changed: make a new one"
        raise AttributeError(message)

    def __delattr__(self, name: str) -> NoReturn:
        message = "a ProxyConfig cannot be changed: make a new one"
        raise AttributeError(message)

    def __eq__(self, other: object) -> bool:
        return self is other or (
            self._parts() == other._parts() if isinstance(other, ProxyConfig) else NotImplemented
        )

    def __hash__(self) -> int:
        return self._hash

    def __repr__(self) -> str:
        secret = (
            ", with credentials"
            if self.username is not None or self.authorization is not None
            else ""
        )
        return f"<ProxyConfig {self.url}{secret}>"

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: object) -> Self:
        return self

    def __reduce__(self) -> NoReturn:
        # The pickle would hold the credentials. A session pickles the URLs that it was given.
        message = "a ProxyConfig is not pickled: keep its URL"
        raise TypeError(message)

    def _parts(self) -> tuple[Hashable, ...]:
        return self.kind, self.host, self.port, self.username, self.password, self.tls, self.fields


ProxyValue: TypeAlias = "str | ProxyConfig | None"


def parse_proxy(value: str | ProxyConfig) -> ProxyConfig:
    """The proxy that a URL stands for; without a scheme it is an HTTP proxy, as in requests.

    Args:
        value: such as "http://user:password@proxy.test:3128", "socks5h://[::1]:1080" or
            "proxy.test:3128". Path and query are ignored.

    Raises:
        InvalidProxyURL: no host, a bad port, a scheme that is not a proxy's. Credentials do not
            appear in the message.
        InvalidOption: neither text nor a `ProxyConfig`.
    """
    if isinstance(value, ProxyConfig):
        return value
    if not isinstance(value, str):
        raise InvalidOption(
            f"proxies= must map to URLs, as str, or to None; not to {type(value).__name__}"
        )
    return _parse(plain(value))


def choose_proxy(url: URL, proxies: Mapping[str, Any]) -> ProxyConfig | None:
    """The proxy for a URL, None for none: the first of `scheme://host`, `scheme`, `all://host`,
    `all` that is a key decides.

    Args:
        url: where the request goes.
        proxies: to a proxy's URL or `ProxyConfig`; None or "" is "no proxy", and ends the search.

    Raises:
        InvalidProxyURL: the value that was found is no proxy's URL.
        InvalidOption: it is not text.

    Examples:
        >>> proxies = {"https": "proxy.test:3128", "https://a.test": None}
        >>> choose_proxy(URL("https://a.test/"), proxies) is None
        True
    """
    found = find_proxy(url, proxies)
    return None if isinstance(found, NotGiven) else found


def find_proxy(url: URL, proxies: Mapping[str, Any]) -> ProxyConfig | NotGiven | None:
    """As `choose_proxy`, but NOT_GIVEN when no key decides, rather than one that says "no
    proxy".
    """
    if not proxies:
        return NOT_GIVEN
    hosts = {_host_key(key): value for key, value in proxies.items() if "://" in key}
    host = url.host.removesuffix(".")
    for scheme in (url.scheme, "all"):
        if hosts and (scheme, host) in hosts:
            value = hosts[scheme, host]
        elif scheme in proxies:
            value = proxies[scheme]
        else:
            continue
        return parse_proxy(value) if value else None
    return NOT_GIVEN


def environment_proxies(environ: Mapping[str, str]) -> dict[str, str]:
    """The proxies that an environment names, by scheme: `http_proxy`, `https_proxy` and
    `all_proxy`, in lower or upper case.

    Lower case wins, and an empty one turns the upper-case one off. `HTTP_PROXY` is ignored when
    `REQUEST_METHOD` is set, because a CGI program finds there what a client wrote into its `Proxy`
    header.

    Args:
        environ: such as `os.environ`.
    """
    found: dict[str, str] = {}
    for scheme in ("http", "https", "all"):
        value = _variable(
            environ, f"{scheme}_proxy", upper=scheme != "http" or "REQUEST_METHOD" not in environ
        )
        if value:
            found[scheme] = value
    return found


def environment_no_proxy(environ: Mapping[str, str]) -> str:
    """What an environment exempts from its proxies: `no_proxy` or `NO_PROXY`, for `bypasses`; ""
    for nothing.
    """
    return _variable(environ, "no_proxy", upper=True) or ""


def _variable(environ: Mapping[str, str], name: str, *, upper: bool) -> str | None:
    # Names are compared as they are listed: on Windows asking for "http_proxy" would give
    # HTTP_PROXY.
    lower: str | None = None
    other: str | None = None
    for key in environ:
        if key == name:
            lower = environ[key].strip()
        elif upper and key.lower() == name:
            other = environ[key].strip()
    return other if lower is None else lower


@lru_cache(_CACHE_SIZE)
def _host_key(key: str) -> tuple[str, str]:
    scheme, _, host = key.partition("://")
    bare = host.rstrip("/")
    if ":" in bare and not bare.startswith("["):
        bare = f"[{bare}]"
    try:
        return scheme.lower(), URL(f"http://{bare}").host.removesuffix(".")
    except URLError:
        return scheme.lower(), host.lower()


@lru_cache(_CACHE_SIZE)
def _parse(text: str) -> ProxyConfig:
    whole = text.strip()
    if whole.startswith("//"):
        whole = f"http:{whole}"
    elif ":/" not in whole:
        whole = f"http://{whole}"
    try:
        url = URL(whole)
    except URLError as error:
        raise InvalidProxyURL(
            f"Invalid proxy URL {_hidden(whole)!r}: {error.args[-1]}. Please check it."
        ) from None
    kind = url.scheme
    if kind not in HTTP_KINDS and kind not in SOCKS_KINDS:
        raise InvalidProxyURL(
            f"Invalid proxy URL {_hidden(whole)!r}: a proxy is http, https, socks4, socks4a, "
            f"socks5 or socks5h, not {kind}"
        )
    if url.explicit_port == 0:
        raise InvalidProxyURL(
            f"Invalid proxy URL {_hidden(whole)!r}: port 0 cannot be connected to"
        )
    port = url.explicit_port or DEFAULT_PORTS.get(kind, SOCKS_PORT)
    username, password = _decoded(url.username), _decoded(url.password)
    if not username and not password:
        username = password = None
    return ProxyConfig(kind, url.host, port, username, password)


def _decoded(text: str | None) -> str | None:
    if text is None or "%" not in text:
        return text
    from urllib.parse import unquote

    return unquote(text)


def _hidden(text: str) -> str:
    """A URL that may be malformed, without the parts that may be secret."""
    scheme, slashes, rest = (
        _AFTER_SCHEME.split(text, maxsplit=1) if _AFTER_SCHEME.search(text) else ("", "", text)
    )
    _, at, host = rest.rpartition("@")
    if at:
        return f"{scheme}{slashes}***@{host}"
    name, colon, port = rest.rpartition(":")
    if colon and not port.rstrip("/").isdigit() and not port.endswith("]"):
        return f"{scheme}{slashes}{name}:***"
    return text


def _check_credentials(proxy: ProxyConfig) -> None:
    username, password = proxy.username or "", proxy.password or ""
    if proxy.kind in HTTP_KINDS:
        if ":" in username:  # RFC 7617, section 2
            raise InvalidProxyURL(
                f"The user name for the proxy {proxy.url} has a colon, which Basic authentication "
                "cannot carry"
            )
        if not (username + password).isprintable():
            raise InvalidProxyURL(
                f"The credentials for the proxy {proxy.url} have control characters"
            )
        return
    if len(username.encode()) > MAX_SOCKS_FIELD or len(password.encode()) > MAX_SOCKS_FIELD:
        raise InvalidProxyURL(
            f"The credentials for the proxy {proxy.url} are longer than the {MAX_SOCKS_FIELD} "
            "bytes that SOCKS has room for"
        )
    if "\0" in username + password:
        raise InvalidProxyURL(f"The credentials for the proxy {proxy.url} have a NUL character")
    if proxy.kind in {"socks5", "socks5h"} and password and not username:
        raise InvalidProxyURL(f"The proxy {proxy.url} is given a password without a user name")


def _fields(
    kind: str, username: str | None, password: str | None, headers: Headers
) -> tuple[tuple[str, str], ...]:
    if kind not in HTTP_KINDS:
        return ()
    if username is not None and "Proxy-Authorization" not in headers:
        from binascii import b2a_base64

        pair = f"{username}:{password or ''}"
        try:
            encoded = pair.encode("latin-1")
        except UnicodeEncodeError:
            encoded = pair.encode()
        headers["Proxy-Authorization"] = "Basic " + b2a_base64(encoded, newline=False).decode(
            "ascii"
        )
    return tuple(headers.multi_items())
