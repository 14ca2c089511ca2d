"""Envoi under httpx: keep `httpx.Client`, and let its requests travel over Envoi's connections.

httpx does what it does: URLs, authentication, cookies, redirects, event hooks, decoding. Envoi
sends one request and receives one answer. The same for httpx2, in `envoi.integrations.httpx2`.
Neither library is a dependency: the one you have is used.

Examples:
    >>> import httpx
    >>> from envoi.integrations.httpx import EnvoiTransport
    >>> with testing.Server() as server, httpx.Client(transport=EnvoiTransport()) as client:
    ...     client.get(server.url + "/get").status_code
    200
"""

from __future__ import annotations

import os
from functools import lru_cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NoReturn, cast

from envoi import exceptions
from envoi.integrations._engine import AsyncEngine, BlockingEngine, EngineRequest, EngineResponse

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from types import ModuleType

    import httpx

    from envoi._model.types import CertType, VerifyType
    from envoi._net.body import ResponseBody
    from envoi.integrations._engine import Limits

__all__ = ["AsyncEnvoiTransport", "EnvoiTransport", "transport_classes"]


class _Transport:
    """The arguments are those of `httpx.HTTPTransport`.

    Args:
        verify: True for the default trust, an `ssl.SSLContext`, a path to a PEM file or folder, or
            False for no check at all.
        cert: a client certificate: a PEM file's path, `(certificate, key)` or `(certificate, key,
            password)`.
        trust_env: whether SSL_CERT_FILE and SSL_CERT_DIR name the authorities when `verify` is
            True.
        http1: must be true.
        http2: must be false: Envoi speaks HTTP/1.1.
        limits: an `httpx.Limits`; `max_keepalive_connections` matters only when it is 0, which is
            "never use a connection twice".
        proxy: must be None: not there yet.
        uds: the path of a Unix socket to connect to.
        local_address: the address to connect from.
        retries: how often connecting is tried again.
        socket_options: `(level, option, value)` for `setsockopt`, as a list.

    Raises:
        InvalidOption: an argument that cannot be had.
    """

    _httpx: Any
    _stream_class: Any
    _engine_class: type[BlockingEngine | AsyncEngine]

    def __init__(
        self,
        verify: VerifyType = True,
        cert: CertType = None,
        trust_env: bool = True,
        http1: bool = True,
        http2: bool = False,
        limits: Any = None,
        proxy: Any = None,
        uds: str | None = None,
        local_address: str | None = None,
        retries: int = 0,
        socket_options: Any = None,
    ) -> None:
        _refuse(http1, http2, proxy)
        most, keepalive = _read_limits(limits)
        if verify is True and trust_env:
            verify = _authorities()
        self._engine: Any = self._engine_class(
            verify=verify,
            cert=cert,
            max_connections=most,
            keepalive=keepalive,
            local_address=local_address,
            socket_path=uds,
            retries=retries,
            socket_options=socket_options,
        )

    def _hop(self, request: Any) -> EngineRequest:
        """What is to be sent, from httpx's request."""
        extensions = request.extensions
        url = request.url
        if extensions.get("sni_hostname", url.host) not in {url.host, None}:
            raise self._httpx.UnsupportedProtocol(
                "Envoi's transport takes no sni_hostname: TLS is made with the URL's host"
            )
        stream = request.stream
        content = b"".join(stream) if isinstance(stream, self._httpx.ByteStream) else None
        target = extensions.get("target") or url.raw_path
        return EngineRequest(
            request.method,
            str(url),
            target.decode("ascii"),
            request.headers.raw,
            content,
            stream,
            _limits(extensions),
        )

    def _response(self, answer: EngineResponse) -> Any:
        return self._httpx.Response(
            status_code=answer.status,
            headers=answer.headers,
            stream=self._stream_class(answer.body),
            extensions={
                "http_version": answer.version.encode("ascii"),
                "reason_phrase": answer.reason.encode("latin-1", "ignore"),
            },
        )


class _SyncTransport(_Transport):
    _engine_class = BlockingEngine

    def handle_request(self, request: Any) -> Any:
        """Send one request; called by the client."""
        try:
            answer = self._engine.send(self._hop(request))
        except exceptions.RequestException as error:
            _raise(error, self._httpx)
        return self._response(answer)

    def close(self) -> None:
        """Close the connections. The transport may be used again."""
        self._engine.close()


class _AsyncTransport(_Transport):
    _engine_class = AsyncEngine

    async def handle_async_request(self, request: Any) -> Any:
        """Send one request; called by the client."""
        try:
            answer = await self._engine.send(self._hop(request))
        except exceptions.RequestException as error:
            _raise(error, self._httpx)
        return self._response(answer)

    async def aclose(self) -> None:
        """Close the connections. The transport may be used again."""
        self._engine.close()


class _SyncStream:
    _httpx: Any

    def __init__(self, body: ResponseBody | None) -> None:
        self._body = body

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        if self._body is not None:
            try:
                piece = BlockingEngine.receive(self._body)
            except exceptions.RequestException as error:
                _raise(error, self._httpx)
            if piece:
                return piece
        raise StopIteration

    def close(self) -> None:
        if self._body is not None:
            self._body.close()


class _AsyncStream:
    _httpx: Any

    def __init__(self, body: ResponseBody | None) -> None:
        self._body = body

    # Not an asynchronous generator: one that is left before its end has to be closed by hand under
    # trio.
    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        if self._body is not None:
            try:
                piece = await self._body.receive_raw()
            except exceptions.RequestException as error:
                _raise(error, self._httpx)
            if piece:
                return piece
        raise StopAsyncIteration

    async def aclose(self) -> None:
        if self._body is not None:
            self._body.close()


if TYPE_CHECKING:

    class EnvoiTransport(_SyncTransport, httpx.BaseTransport):
        """Envoi's engine for `httpx.Client(transport=…)`. Safe to use from many threads."""

    class AsyncEnvoiTransport(_AsyncTransport, httpx.AsyncBaseTransport):
        """Envoi's engine for `httpx.AsyncClient(transport=…)`, on asyncio or trio."""


@lru_cache
def transport_classes(module: ModuleType) -> tuple[type[EnvoiTransport], type[AsyncEnvoiTransport]]:
    """The two transports for httpx, httpx2, or another module with their names.

    Args:
        module: `httpx`, say.

    Returns:
        The class for `Client(transport=…)` and the one for `AsyncClient(transport=…)`.
    """
    library: Any = module
    common = {"__module__": __name__, "_httpx": library}
    stream = type("EnvoiStream", (_SyncStream, library.SyncByteStream), common)
    async_stream = type("AsyncEnvoiStream", (_AsyncStream, library.AsyncByteStream), common)
    told = {
        **common,
        "__doc__": (
            f"Envoi's engine for `{module.__name__}.Client(transport=…)`.\n\n"
            f"    {_Transport.__doc__}"
        ),
    }
    transport = type(
        "EnvoiTransport", (_SyncTransport, library.BaseTransport), {**told, "_stream_class": stream}
    )
    told["__doc__"] = (
        f"Envoi's engine for `{module.__name__}.AsyncClient(transport=…)`.\n\n    "
        f"{_Transport.__doc__}"
    )
    async_transport = type(
        "AsyncEnvoiTransport",
        (_AsyncTransport, library.AsyncBaseTransport),
        {**told, "_stream_class": async_stream},
    )
    return cast(
        "tuple[type[EnvoiTransport], type[AsyncEnvoiTransport]]", (transport, async_transport)
    )


def translate(error: exceptions.RequestException, module: Any) -> Exception:
    """The exception of httpx that means what `error` does; `error` itself when httpx has none."""
    name = _name(error)
    return error if name is None else cast("Exception", getattr(module, name)(str(error)))


def _raise(error: exceptions.RequestException, module: Any) -> NoReturn:
    translated = translate(error, module)
    if translated is error:
        raise error
    raise translated from error


def __getattr__(name: str) -> Any:
    if name in {"EnvoiTransport", "AsyncEnvoiTransport"}:
        transport, async_transport = transport_classes(_installed())
        globals().update(EnvoiTransport=transport, AsyncEnvoiTransport=async_transport)
        return globals()[name]
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__


_EXCEPTIONS: Final = (
    (exceptions.ConnectTimeout, "ConnectTimeout"),
    (exceptions.PoolTimeout, "PoolTimeout"),
    (exceptions.WriteTimeout, "WriteTimeout"),
    (exceptions.Timeout, "ReadTimeout"),
    (exceptions.ProxyError, "ProxyError"),
    (exceptions.RemoteProtocolError, "RemoteProtocolError"),
    (exceptions.ChunkedEncodingError, "RemoteProtocolError"),
    (exceptions.ContentDecodingError, "DecodingError"),
    ((exceptions.MissingSchema, exceptions.InvalidSchema), "UnsupportedProtocol"),
    (exceptions.InvalidURL, "ConnectError"),  # what httpx took for a URL, and nobody connects to
    (
        (
            exceptions.InvalidHeader,
            exceptions.InvalidMethod,
            exceptions.InvalidBody,
        ),
        "LocalProtocolError",
    ),
)
_BROKEN: Final = {"write": "WriteError", "read": "ReadError", "body": "ReadError"}


def _name(error: exceptions.RequestException) -> str | None:
    if isinstance(error, exceptions.IncompleteBody) and isinstance(error.__cause__, OSError):
        return "ReadError"  # a reset, not an early end
    for ours, name in _EXCEPTIONS:
        if isinstance(error, ours):
            return name
    if isinstance(error, exceptions.ConnectionError):
        return _BROKEN.get(error.phase or "", "ConnectError")
    return None


def _installed() -> ModuleType:
    for name in ("httpx", "httpx2"):
        try:
            return import_module(name)
        except ModuleNotFoundError as error:
            if error.name != name:
                raise
    raise ImportError(
        "envoi.integrations.httpx puts Envoi under httpx or httpx2, and neither is installed",
        name="httpx",
    )


def _refuse(http1: bool, http2: bool, proxy: Any) -> None:
    if http2 or not http1:
        raise exceptions.InvalidOption(
            "Envoi's transport speaks HTTP/1.1: leave http1 and http2 as they are"
        )
    if proxy is not None:
        raise exceptions.InvalidOption(
            "Envoi's transport takes no proxy yet: mount httpx's own transport for what goes "
            "through one"
        )


def _read_limits(limits: Any) -> tuple[int | None, float]:
    """Most connections, and how long an idle one is kept; without limits what httpx does."""
    if limits is None:
        return 100, 5.0
    keepalive = float("inf") if limits.keepalive_expiry is None else limits.keepalive_expiry
    return limits.max_connections, 0.0 if limits.max_keepalive_connections == 0 else keepalive


def _authorities() -> VerifyType:
    if file := os.environ.get("SSL_CERT_FILE"):
        return file
    folder = os.environ.get("SSL_CERT_DIR")
    return folder if folder and Path(folder).is_dir() else True


def _limits(extensions: Any) -> Limits:
    timeout = extensions.get("timeout")
    if not timeout:
        return None, None, None, None
    given = timeout.get
    return given("connect"), given("read"), given("write"), given("pool")
