"""A request of requests as one of Envoi's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, cast

from urllib3 import __version__  # type: ignore[attr-defined]
from urllib3.util import SKIP_HEADER

from envoi import exceptions
from envoi._model.body import NO_BODY
from envoi._model.body_streams import Body, FileBody, IteratorBody
from envoi._model.headers import Headers, merge_headers
from envoi._model.prepared import PreparedRequest
from envoi._model.url import Retargeted, parse_url

if TYPE_CHECKING:
    import requests

    from envoi._model.url import URL
    from envoi._proto.plans.proxy import ProxyConfig

_USER_AGENT: Final = f"python-urllib3/{__version__}"
_BODILESS: Final = frozenset({"GET", "HEAD", "DELETE", "TRACE", "OPTIONS", "CONNECT"})


def prepared(request: requests.PreparedRequest) -> PreparedRequest:
    """Requests' request as one of ours: the same bytes, the same framing; what urllib3 would add
    among them.

    Args:
        request: prepared by requests, and perhaps changed since.

    Raises:
        InvalidHeader, InvalidURL: and their kin: what cannot be sent.
    """
    body: Any = request.body
    given = request.headers
    first = {} if "Accept-Encoding" in given else {"Accept-Encoding": "identity"}
    if body is not None:
        if "Content-Length" not in given and "Transfer-Encoding" not in given:
            first["Transfer-Encoding"] = "chunked"
    elif (
        request.method not in _BODILESS
        and "Content-Length" not in given
        and "Transfer-Encoding" not in given
    ):
        first["Content-Length"] = "0"
    if "User-Agent" not in given:
        first["User-Agent"] = _USER_AGENT
    fields = {**first, **given}
    if (
        body is not None and "Content-Length" in given and "Transfer-Encoding" in given
    ):  # the former is what requests goes by
        fields = {
            name: value for name, value in fields.items() if name.lower() != "transfer-encoding"
        }
    if SKIP_HEADER in fields.values():
        fields = {name: value for name, value in fields.items() if value != SKIP_HEADER}
    try:
        headers = merge_headers(Headers(), fields)
    except exceptions.InvalidHeader:
        numbers = {
            name: str(value)
            for name, value in cast("dict[str, object]", fields).items()
            if isinstance(value, int)
        }
        if not numbers:
            raise
        headers = merge_headers(Headers(), {**fields, **numbers})
    return PreparedRequest(
        str(request.method), parse_url(str(request.url)), headers, _content(body, headers)
    )


def aim(ours: PreparedRequest, target: str, proxy: ProxyConfig | None) -> None:
    """Have the request line say what a subclass of the adapter wants.

    Args:
        ours: the request.
        target: what `request_url` returned.
        proxy: on the way, if any; what one that forwards is told before the path is not changed.
    """
    url: Any = ours.parsed_url
    if proxy is not None and proxy.forwards and url.scheme == "http" and "://" in target:
        target = "/" + target.partition("://")[2].partition("/")[2]
    if target != url.target:
        ours.parsed_url = cast("URL", Retargeted(url, target))


def _content(body: Any, headers: Headers) -> Body:
    if body is None:
        body = b""
    elif isinstance(body, str):
        body = body.encode()
    elif hasattr(body, "read"):
        return FileBody(body, None, _position(body), body)
    elif not isinstance(body, bytes):
        try:
            body = bytes(memoryview(body))
        except TypeError:
            return IteratorBody(body)
    return Body(body, None, len(body), body) if body or "Transfer-Encoding" in headers else NO_BODY


def _position(file: Any) -> Any:
    try:
        return file.tell()
    except (AttributeError, OSError, ValueError):
        return None
