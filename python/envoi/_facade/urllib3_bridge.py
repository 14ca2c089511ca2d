"""Where a companion of requests brings urllib3 along: its responses over our bodies, and its own pools in the place of ours."""

from __future__ import annotations

import io
import sys
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Final

from envoi import exceptions
from envoi._facade.connection_settings import PoolManager
from envoi._facade.raw import Raw
from envoi._model.timeout import DEFAULT_TIMEOUT, Timeout

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from envoi._facade.adapter_base import AdapterSettings
    from envoi._model.headers import Headers
    from envoi._model.prepared import PreparedRequest
    from envoi._model.timing import ConnectionInfo
    from envoi._model.types import ProxiesType, TimeoutType

_NOT_OF_POOLS: Final = frozenset({"num_pools", "maxsize", "block", "strict", "retries", "timeout"})


def raw_for_companions(reply: Any) -> Any:
    """What `build_response` is given: a response of urllib3's over our body where urllib3 is installed, else our own `raw`.

    Args:
        reply: the answer, its body not read.
    """
    if not isinstance(reply.raw, Raw):
        return reply.raw  # the asynchronous one, or somebody's
    made = _over(reply)
    return reply.raw if made is None else made


def raw_in_place_of_ours(response: Any) -> Any:
    """`response.raw` where companions are at work: a response of urllib3's, from which `content` is read from now on, as in requests.

    Args:
        response: whose `raw` nobody has asked for yet.
    """
    before = object.__new__(type(response))  # keeps the body, and whether it is read
    before.__dict__.update(response.__dict__)
    before._raw = Raw(before)
    made = _over(before)
    if made is None:
        return Raw(response)
    if response._content is None and not response._consumed:
        response.raw = made
    return made


def _over(reply: Any) -> Any:
    """A response of urllib3's over a body of ours, in its own framing and coding; None where urllib3 is not installed."""
    try:
        from urllib3 import HTTPResponse
        from urllib3._collections import HTTPHeaderDict
    except ImportError:
        return None
    fields = HTTPHeaderDict()
    for name, value in reply.headers.multi_items():
        fields.add(name, value)
    body = _Undecoded(reply)
    made = HTTPResponse(
        body=body,
        headers=fields,
        status=reply.status_code,
        version=reply.raw.version,
        reason=reply.reason,
        preload_content=False,
        decode_content=False,
        original_response=_Original(reply.headers, reply.raw.version, body),  # type: ignore[arg-type] # as much of one as anybody looks at
        connection=_Connection(reply),  # type: ignore[arg-type] # the same
        request_method=reply.request.method,
        request_url=reply.request.path_url,
    )
    made.chunked = False  # what it reads is not
    return made


def urllib3_pool(
    adapter: AdapterSettings, host: Mapping[str, Any], settings: Mapping[str, Any], request: PreparedRequest, proxies: ProxiesType
) -> Any:
    """A pool of urllib3's, for an adapter with settings that mean nothing to Envoi.

    Args:
        adapter: whose.
        host: scheme, host and port.
        settings: by urllib3's names; for its own `poolmanager`, if that is one of urllib3's, those that come on top.
        request: about to be sent.
        proxies: as for a session.

    Raises:
        InvalidOption: by way of a SOCKS proxy as well.
    """
    import urllib3

    manager = adapter.poolmanager
    proxy = adapter._proxy_for(request, proxies)
    if proxy is None and not isinstance(manager, PoolManager):
        return manager.connection_from_host(**host, pool_kwargs=dict(settings) if host["scheme"] == "https" else None)
    told = {**manager.connection_pool_kw, **settings}
    if proxy is not None:
        told.update(adapter.proxy_manager_for(proxy.url).connection_pool_kw)
    carriers = adapter.__dict__.setdefault("_carriers", {})
    carrier = carriers.get(proxy and proxy.url)
    if carrier is None:
        sizes: dict[str, Any] = {"maxsize": adapter._pool_maxsize, "block": adapter._pool_block}
        if proxy is None:
            made: Any = urllib3.PoolManager(adapter._pool_connections, **sizes)
        elif proxy.url.startswith("http"):
            made = urllib3.ProxyManager(proxy.url, adapter._pool_connections, proxy_headers=adapter.proxy_headers(proxy.url), **sizes)
        else:
            names = ", ".join(name for name in told if not PoolManager.understands({name: told[name]}))
            raise exceptions.InvalidOption(f"HTTPAdapter: {names} cannot be combined with a SOCKS proxy")
        carrier = carriers.setdefault(proxy and proxy.url, made)
    return carrier.connection_from_host(**host, pool_kwargs={name: told[name] for name in told if name not in _NOT_OF_POOLS})


def through_urllib3(adapter: Any, connection: Any, request: PreparedRequest, timeout: TimeoutType, proxies: ProxiesType) -> Any:
    """Have a pool of urllib3's carry a request, for an adapter that insists on one; blocking.

    Args:
        adapter: whose `build_response` makes the response.
        connection: the pool.
        request: what to send.
        timeout: as for a session.
        proxies: as for a session.

    Raises:
        RequestException: whatever went wrong, as requests would raise it.
    """
    import urllib3

    limits = Timeout.parse(DEFAULT_TIMEOUT if timeout is None else timeout, DEFAULT_TIMEOUT)
    content = request.content.content
    body = request.body if content is None else content or None
    try:
        raw = connection.urlopen(
            method=request.method,
            url=adapter.request_url(request, proxies),
            body=body,
            headers=dict(request.headers.items()),
            redirect=False,
            assert_same_host=False,
            preload_content=False,
            decode_content=False,
            retries=urllib3.Retry(adapter.max_retries, read=False) if isinstance(adapter.max_retries, int) else adapter.max_retries,
            timeout=urllib3.Timeout(connect=limits.connect, read=limits.read),
            chunked=body is not None and "Content-Length" not in request.headers,
        )
    except (urllib3.exceptions.HTTPError, OSError) as error:
        raise _ours(error, request) from error
    return adapter.build_response(request, raw)


class _Undecoded(io.RawIOBase):
    """A response's body as it came, as a file that is closed at its end, which is how urllib3 knows."""

    def __init__(self, reply: Any) -> None:
        super().__init__()
        self._reply = reply

    @property
    def closed(self) -> bool:
        return super().closed or bool(self._reply.raw.isclosed())

    @property
    def fp(self) -> Any:
        """The file below, as `http.client` has it: somebody may look for the socket there. None at the end."""
        return None if self.closed else SimpleNamespace(raw=SimpleNamespace(_sock=_Connection(self._reply).sock))

    def readable(self) -> bool:
        return True

    def read(self, amount: int | None = -1) -> bytes:
        if super().closed:
            return b""
        size = None if amount is None or amount < 0 else amount
        try:
            data: bytes = self._reply.raw.read(size, decode_content=False)
        except exceptions.RequestException as error:
            raise _theirs(error) from error
        if not data and size != 0:
            self.close()
        return data

    def readinto(self, buffer: Any) -> int:
        data = self.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        if not super().closed:
            self._reply.close()
            super().close()


class _Connection:
    """The connection of a response: what can be told of it, and no way to send anything on it."""

    def __init__(self, reply: Any) -> None:
        self._reply = reply

    @property
    def sock(self) -> Any:
        """As much of a socket as tells who is at its ends."""
        info = self._reply.connection_info
        if info is None:
            return None
        plain = {"getpeername": lambda: info.peer, "getsockname": lambda: info.local}
        if info.tls_version is None:
            return SimpleNamespace(**plain)
        return SimpleNamespace(**plain, getpeercert=_certificate_of(info), version=lambda: info.tls_version)

    def close(self) -> None:
        self._reply.close()


def _certificate_of(info: ConnectionInfo) -> Callable[..., Any]:
    def getpeercert(binary_form: bool = False) -> Any:
        if binary_form:
            return info.certificate
        raise NotImplementedError("only the certificate in DER is known here: getpeercert(binary_form=True)")

    return getpeercert


class _Message:
    """Header fields as `http.client` has them."""

    def __init__(self, headers: Headers) -> None:
        self._headers = headers

    def get_all(self, name: str, default: Any = None) -> Any:
        return self._headers.get_all(name) or default

    def get(self, name: str, default: Any = None) -> Any:
        return self._headers.get(name, default)

    def items(self) -> list[tuple[str, str]]:
        return self._headers.multi_items()

    def keys(self) -> list[str]:
        return [name for name, _ in self._headers.multi_items()]


class _Original:
    """The `http.client.HTTPResponse` that companions look for below urllib3's response."""

    def __init__(self, headers: Headers, version: int, body: _Undecoded) -> None:
        self.msg = _Message(headers)
        self.version = version
        self._body = body

    def isclosed(self) -> bool:
        return self._body.closed

    def close(self) -> None:
        self._body.close()


def _theirs(error: exceptions.RequestException) -> Exception:
    theirs = sys.modules["urllib3.exceptions"]
    if isinstance(error, exceptions.Timeout):
        return theirs.ReadTimeoutError(None, None, str(error))  # type: ignore[no-any-return]
    if isinstance(error, exceptions.SSLError):
        return theirs.SSLError(str(error))  # type: ignore[no-any-return]
    return theirs.ProtocolError(str(error))  # type: ignore[no-any-return]


def _ours(error: Exception, request: PreparedRequest) -> exceptions.RequestException:
    theirs = sys.modules["urllib3.exceptions"]
    reason = getattr(error, "reason", error)
    kinds = (
        (theirs.NewConnectionError, exceptions.ConnectionError),
        (theirs.ConnectTimeoutError, exceptions.ConnectTimeout),
        (theirs.ReadTimeoutError, exceptions.ReadTimeout),
        (theirs.ResponseError, exceptions.RetryError),
        (theirs.ProxyError, exceptions.ProxyError),
        (theirs.SSLError, exceptions.SSLError),
        (theirs.LocationValueError, exceptions.InvalidURL),
    )
    for kind, ours in kinds:
        if isinstance(reason, kind):
            return ours(str(error), request=request)
    return exceptions.ConnectionError(str(error), request=request)
