"""Adapters: what a session sends requests with, by the beginning of their URLs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from envoi._adapters.base import AdapterSettings, seams_of
from envoi._io.run_sync import run_sync
from envoi._model.exceptions import InvalidOption
from envoi._responses.response import Response
from envoi._wiring import open_blocking_pool

if TYPE_CHECKING:
    from envoi._model.prepared import PreparedRequest
    from envoi._model.types import CertType, ProxiesType, TimeoutType, VerifyType


class BaseAdapter:
    """What to derive from for an adapter of one's own, to be given to `Session.mount`.

    Examples:
        >>> class Echo(envoi.adapters.BaseAdapter):
        ...     def send(self, request, stream=False, timeout=None, **options):
        ...         response = envoi.Response()
        ...         response.status_code, response.request, response.url = 200, request, request.url
        ...         response.raw = io.BytesIO(request.path_url.encode())
        ...         return response
        ...
        ...     def close(self):
        ...         pass
        >>> with envoi.Session() as session:
        ...     session.mount("echo://", Echo())
        ...     session.get("echo://anywhere/hello").text
        '/hello'
    """

    def send(
        self,
        request: PreparedRequest,
        stream: bool = False,
        timeout: TimeoutType = None,
        verify: VerifyType = True,
        cert: CertType = None,
        proxies: ProxiesType = None,
    ) -> Response:
        """Send one request and return its response; no redirects, no cookies. To be overridden.

        Args:
            request: what to send.
            stream: whether the caller will read the body in pieces.
            timeout: as the caller gave it: None when there were no limits but those by default.
            verify: as for a session.
            cert: as for a session.
            proxies: those for this request, the environment's among them.
        """
        raise NotImplementedError(
            f"{type(self).__name__} must say how a request is sent: override send()"
        )

    def close(self) -> None:
        """Close what is open. To be overridden; a session calls it when it is closed."""
        raise NotImplementedError(
            f"{type(self).__name__} must say what is to be closed: override close()"
        )


class HTTPAdapter(AdapterSettings, BaseAdapter):
    """Sends requests over http and https, with connections of its own.

    Subclasses override what they want to be different: `send`, `build_response`, `cert_verify`,
    `proxy_headers`, `request_url`, `add_headers`, `init_poolmanager`, for instance to give it an
    `ssl.SSLContext`.

    Examples:
        >>> class Modern(envoi.adapters.HTTPAdapter):
        ...     def init_poolmanager(self, *arguments, **settings):
        ...         settings["ssl_context"] = ssl.create_default_context()
        ...         settings["ssl_context"].minimum_version = ssl.TLSVersion.TLSv1_3
        ...         super().init_poolmanager(*arguments, **settings)
        >>> session = envoi.Session()
        >>> session.mount("https://", Modern(max_retries=2))
    """

    _open_pool = staticmethod(open_blocking_pool)
    _is_blocking = True
    _new_reply = Response

    def send(
        self,
        request: PreparedRequest,
        stream: bool = False,
        timeout: TimeoutType = None,
        verify: VerifyType = True,
        cert: CertType = None,
        proxies: ProxiesType = None,
    ) -> Response:
        """Send one request and return its response; no redirects, no cookies.

        Args:
            request: what to send.
            stream: whether the caller will read the body in pieces.
            timeout: as for a session, but None for the limits by default.
            verify: as for a session.
            cert: as for a session.
            proxies: as for a session.

        Raises:
            RequestException: whatever went wrong.
        """
        return run_sync(self._send(request, stream, timeout, verify, cert, proxies))  # type: ignore[return-value]

    def build_response(self, req: PreparedRequest, resp: Any) -> Response:
        """The response to give to the caller. For subclasses to override.

        Args:
            req: what was sent.
            resp: what came: one of urllib3's responses, or what is like it, the body not read.
        """
        return self._response_from(req, resp)  # type: ignore[no-any-return]

    def close(self) -> None:
        """Close the connections."""
        self._close_pool()


def require_adapter(adapter: Any) -> None:
    """Refuse to mount what is no adapter.

    Raises:
        InvalidOption: it has no `send`, or is a class.
    """
    if isinstance(adapter, type) or not callable(getattr(adapter, "send", None)):
        raise InvalidOption(f"mount() takes an adapter, such as HTTPAdapter(), not {adapter!r}")


HTTPAdapter._original = seams_of(HTTPAdapter)
HTTPAdapter._own_send = HTTPAdapter.send
Response._adapter_kind = HTTPAdapter
