"""Envoi's connections under requests: an adapter to mount in a `requests.Session`.

```python
session = requests.Session()
session.mount("https://", envoi.integrations.requests.EnvoiAdapter())
session.mount("http://", envoi.integrations.requests.EnvoiAdapter())
```

Envoi does not depend on requests: who has it installed, uses this.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NoReturn

from envoi import exceptions
from envoi._facade.adapters import HTTPAdapter as _Carrier
from envoi._facade.connection_settings import PoolManager
from envoi._facade.urllib3_bridge import raw_for_companions
from envoi._model.body import encode_body
from envoi._model.headers import Headers, merge_headers
from envoi._model.prepared import PreparedRequest
from envoi._model.timeout import FOREVER
from envoi._model.url import parse_url

try:
    import requests
    from requests.adapters import HTTPAdapter as _Theirs
except ModuleNotFoundError as _missing:
    raise ImportError("envoi.integrations.requests is for who has requests installed: `pip install requests`") from _missing
if issubclass(_Theirs, _Carrier):
    raise ImportError("requests is Envoi in this process, by install_as_requests(): there is nothing to put under it")  # noqa: TRY004 - no type was given

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["EnvoiAdapter"]


class EnvoiAdapter(_Theirs):
    """Sends a `requests.Session`'s requests over Envoi's connections. Cookies, redirects and decoding stay with requests.

    `verify=True` means the system's trust store, not certifi's; with `REQUESTS_CA_BUNDLE` requests names a file, and that is used.
    `timeout=None` waits for ever, as requests says.

    Args:
        pool_connections: kept for requests' sake.
        pool_maxsize: with `pool_block`, the most connections to one host.
        max_retries: how often connecting is tried again, or a `urllib3.util.Retry`.
        pool_block: whether a request waits for a connection when `pool_maxsize` are in use; otherwise there is no limit.

    Example:
        `requests_session.mount("https://", EnvoiAdapter(max_retries=2))`
    """

    _carrier: _Carrier

    def init_poolmanager(self, connections: int, maxsize: int, block: bool = False, **pool_kwargs: Any) -> None:
        """Set how connections are made; called when the adapter is. For subclasses to override.

        Args:
            connections: as `pool_connections`.
            maxsize: as `pool_maxsize`.
            block: as `pool_block`.
            **pool_kwargs: as `envoi.adapters.HTTPAdapter.init_poolmanager` takes, such as `ssl_context`.
        """
        super().init_poolmanager(connections, maxsize, block, **pool_kwargs)
        retries = self.max_retries
        self._carrier = _Carrier(connections, maxsize, retries if retries.total or retries.status_forcelist else 0, block)
        self._carrier.poolmanager = PoolManager(maxsize, block, pool_kwargs)

    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,  # noqa: ARG002 - requests' argument
        timeout: Any = None,
        verify: bool | str = True,
        cert: Any = None,
        proxies: Mapping[str, str] | None = None,
    ) -> requests.Response:
        """Send one request and return its response.

        Args:
            request: what to send.
            stream: nothing: the body is always left for requests to read.
            timeout: seconds, `(connect, read)`, a `urllib3.Timeout`, or None for no limit.
            verify: True, False, or a path.
            cert: a path, or `(certificate, key)`.
            proxies: by scheme.

        Raises:
            requests.exceptions.RequestException: requests' own exceptions, Envoi's as their `__cause__`.
        """
        try:
            reply = self._carrier.send(
                _prepared(request), stream=True, timeout=FOREVER if timeout is None else timeout, verify=verify, cert=cert, proxies=proxies
            )
        except exceptions.RequestException as error:
            _raise_as_theirs(error, request)
        return self.build_response(request, raw_for_companions(reply))

    def close(self) -> None:
        """Close the connections."""
        super().close()
        self._carrier.close()


def _prepared(request: requests.PreparedRequest) -> PreparedRequest:
    """Requests' request as one of ours: the same bytes, the same framing."""
    headers = merge_headers(Headers(), dict(request.headers))
    body: Any = request.body
    content = encode_body(body)
    if body is not None and "Content-Length" not in headers and "Transfer-Encoding" not in headers:
        headers["Transfer-Encoding"] = "chunked"
    elif body is None and request.method in _WITH_BODY and "Content-Length" not in headers:
        headers["Content-Length"] = "0"
    return PreparedRequest(str(request.method), parse_url(str(request.url)), headers, content)


def _raise_as_theirs(error: exceptions.RequestException, request: requests.PreparedRequest) -> NoReturn:
    """Raise the exception that requests has for one of ours: that of the nearest class whose name it knows."""
    for kind in type(error).__mro__:
        theirs = getattr(requests.exceptions, kind.__name__, None)
        if kind.__name__ in _OTHER_NAMES:
            theirs = _OTHER_NAMES[kind.__name__]
        if theirs is not None and issubclass(theirs, requests.exceptions.RequestException):
            raise theirs(str(error), request=request) from error
    raise requests.exceptions.RequestException(str(error), request=request) from error


_WITH_BODY: Final = frozenset({"POST", "PUT", "PATCH"})
_OTHER_NAMES: Final = {
    "IncompleteHead": requests.exceptions.ConnectionError,
    "InvalidMethod": requests.exceptions.InvalidHeader,
    "WriteTimeout": requests.exceptions.ReadTimeout,
    "TotalTimeout": requests.exceptions.ReadTimeout,
}
