"""Where a companion of requests brings urllib3 along: its responses over our bodies, and its own pools in the place of ours."""

from __future__ import annotations

import io
import sys
from typing import TYPE_CHECKING, Any

from envoi import exceptions
from envoi._model.timeout import DEFAULT_TIMEOUT, Timeout

if TYPE_CHECKING:
    from envoi._facade.adapter_base import AdapterSettings
    from envoi._model.headers import Headers
    from envoi._model.prepared import PreparedRequest
    from envoi._model.types import ProxiesType, TimeoutType


def raw_for_companions(reply: Any) -> Any:
    """What `build_response` is given: a response of urllib3's over our body where urllib3 is installed, else our own `raw`.

    Args:
        reply: the answer, its body not read.
    """
    if hasattr(reply.raw, "__aiter__") or not hasattr(reply.raw, "readinto"):
        return reply.raw  # the asynchronous one
    try:
        from urllib3 import HTTPResponse
        from urllib3._collections import HTTPHeaderDict
    except ImportError:
        return reply.raw
    fields = HTTPHeaderDict()
    for name, value in reply.headers.multi_items():
        fields.add(name, value)
    raw = reply.raw
    return HTTPResponse(
        body=_Undecoded(reply),
        headers=fields,
        status=reply.status_code,
        version=raw.version,
        reason=reply.reason,
        preload_content=False,
        original_response=_Original(reply.headers, raw.version),  # type: ignore[arg-type] # as much of one as anybody looks at
        request_method=reply.request.method,
    )


def urllib3_pool(
    adapter: AdapterSettings, host: dict[str, Any], tls: dict[str, Any], request: PreparedRequest, proxies: ProxiesType
) -> Any:
    """The pool of an adapter whose `poolmanager` is one of urllib3's, with settings that mean nothing to Envoi.

    Args:
        adapter: whose.
        host: scheme, host and port.
        tls: the TLS settings.
        request: about to be sent.
        proxies: as for a session.

    Raises:
        InvalidOption: there is a proxy as well.
    """
    if adapter._proxy_for(request, proxies) is not None:
        raise exceptions.InvalidOption("HTTPAdapter: a poolmanager of urllib3's with settings of its own cannot be combined with proxies=")
    return adapter.poolmanager.connection_from_host(**host, pool_kwargs=tls if host["scheme"] == "https" else None)


def through_urllib3(adapter: Any, connection: Any, request: PreparedRequest, timeout: TimeoutType) -> Any:
    """Have a pool of urllib3's carry a request, for an adapter that insists on one; blocking.

    Args:
        adapter: whose `build_response` makes the response.
        connection: the pool.
        request: what to send.
        timeout: as for a session.

    Raises:
        RequestException: whatever went wrong, as requests would raise it.
    """
    import urllib3

    limits = Timeout.parse(DEFAULT_TIMEOUT if timeout is None else timeout, DEFAULT_TIMEOUT)
    body = request.body
    try:
        raw = connection.urlopen(
            method=request.method,
            url=adapter.request_url(request, None),
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

    def readable(self) -> bool:
        return True

    def read(self, amount: int | None = -1) -> bytes:
        if self.closed:
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
        if not self.closed:
            self._reply.close()
            super().close()


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

    def __init__(self, headers: Headers, version: int) -> None:
        self.msg = _Message(headers)
        self.version = version

    def isclosed(self) -> bool:
        return True

    def close(self) -> None:
        """Nothing to close."""


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
