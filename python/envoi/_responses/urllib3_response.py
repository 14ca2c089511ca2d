"""Our answer as one of urllib3's responses, for packages that want one; urllib3 is not needed."""

from __future__ import annotations

import io
import sys
from functools import cache
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Final

from envoi._model import exceptions
from envoi._model.headers import Headers
from envoi._net.decoded import DecodedBody
from envoi._responses.raw import Raw

if TYPE_CHECKING:
    from collections.abc import Callable

    from envoi._model.timing import ConnectionInfo

_CHUNK: Final = 65536


def raw_for_companions(reply: Any) -> Any:
    """What `build_response` is given: a response of urllib3's over our body where urllib3 is
    installed, else our own `raw`.

    Args:
        reply: the answer, its body not read.
    """
    if not isinstance(reply.raw, Raw):
        return reply.raw  # the asynchronous one, or somebody's
    made = _over(reply)
    return reply.raw if made is None else made


def raw_in_place_of_ours(response: Any) -> Any:
    """`response.raw` where packages built on requests are at work: a response of urllib3's, from
    which `content` is read from now on, as in requests.

    Args:
        response: whose `raw` nobody has asked for yet.
    """
    before = object.__new__(type(response))  # keeps the body, and whether it is read
    before.__dict__.update(response.__dict__)
    before._raw = Raw(before)
    made = _over(before)
    if made is None:
        return Raw(response)
    if response._content is None and not response._touched:
        former: Any = before.body
        response.raw = made
        if isinstance(former, DecodedBody):
            response.body.limit(former.max_body, response.request)
    if response._closed:  # before anybody looked
        made.close()
    return made


def _over(reply: Any) -> Any:
    """A response of urllib3's over a body of ours, in its own framing and coding; None where
    urllib3 is not installed.
    """
    try:
        from urllib3._collections import HTTPHeaderDict
    except ImportError:
        return None
    fields = HTTPHeaderDict()
    for name, value in _pairs(reply.headers):
        fields.add(name, value)
    body = _Undecoded(reply)
    return response_class()(
        body=body,
        headers=fields,
        status=reply.status_code,
        version=reply.raw.version,
        reason=reply.reason,
        preload_content=False,
        decode_content=False,
        original_response=_Original(reply, body),
        connection=ConnectionView(reply),
        request_method=reply.request.method,
        request_url=reply.request.path_url,
    )


@cache
def response_class() -> Any:
    """urllib3's response, but for its `__del__`."""
    from urllib3 import HTTPResponse

    class Urllib3Response(HTTPResponse):
        # Do nothing, where a file would close itself: the lease takes the connection back. A
        # builtin, because an interrupt in a finaliser in Python is swallowed.
        __del__ = object.__hash__  # type: ignore[assignment]

    return Urllib3Response


class _Undecoded(io.RawIOBase):
    """A response's body as it came, as a file that is closed at its end, which is how urllib3
    knows.
    """

    def __init__(self, reply: Any) -> None:
        super().__init__()
        self._reply = reply
        self._chunk = b""
        # As in `http.client`, one that is empty is open until somebody reads it.
        self._read_from = bool(reply._content) or (reply._touched and reply._content is None)
        self._by_chunks = False
        self._at_end = False

    @property
    def closed(self) -> bool:
        return super().closed or bool(
            self._read_from and self._reply.raw.isclosed() and not self._chunk
        )

    @property
    def fp(self) -> Any:
        """The file below, as `http.client` has it, from which urllib3 reads what came in chunks;
        None at the end.
        """
        return None if (super().closed if self._by_chunks else self.closed) else self

    @property
    def raw(self) -> Any:
        """The file below that one, in which somebody may look for the socket."""
        return SimpleNamespace(_sock=ConnectionView(self._reply).sock)

    def readable(self) -> bool:
        return True

    def read(self, amount: int | None = -1) -> bytes:
        if super().closed:
            return b""
        size = None if amount is None or amount < 0 else amount
        data = self._received(lambda raw: raw.read(size, decode_content=False))
        if not data and size != 0:
            self.close()
        return data

    def readline(self, _size: int | None = -1) -> bytes:
        """What of a chunk is before its content, for a chunk of all that has arrived."""
        self._by_chunks = True
        if self._at_end:
            return b"\r\n"
        self._chunk = self._received(
            lambda raw: next(raw.stream(_CHUNK, decode_content=False), b"")
        )
        self._at_end = not self._chunk
        return b"%x\r\n" % len(self._chunk)

    def _safe_read(self, amount: int) -> bytes:
        """`amount` bytes of the chunk, or the line end after it."""
        if not self._chunk:
            return b"\r\n"
        data, self._chunk = self._chunk[:amount], self._chunk[amount:]
        return data

    def _received(self, read: Callable[[Raw], bytes]) -> bytes:
        self._read_from = True
        try:
            return read(self._reply.raw)
        except exceptions.RequestException as error:
            raise _theirs(error) from error

    def readinto(self, buffer: Any) -> int:
        data = self.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        if not super().closed:
            self._reply.close()
            super().close()

    __del__ = object.__hash__  # type: ignore[assignment] # nothing, for the same reason


class ConnectionView:
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
        secure = {
            "version": lambda: info.tls_version,
            "cipher": lambda: (info.cipher, info.tls_version, None),
        }
        return SimpleNamespace(**plain, **secure, getpeercert=_certificate_of(info))

    def close(self) -> None:
        """Let go of the body, which then closes its connection. urllib3 does this after a failure,
        and wherever a generator is dropped.
        """
        self._reply.body = None


def _certificate_of(info: ConnectionInfo) -> Callable[..., Any]:
    def getpeercert(binary_form: bool = False) -> Any:
        if binary_form:
            return info.certificate
        raise NotImplementedError(
            "only the certificate in DER is known here: getpeercert(binary_form=True)"
        )

    return getpeercert


class Fields:
    """Header fields as `http.client` has them: repeated ones as often as they came.

    Args:
        headers: a `Headers`, or the mapping that somebody has put in its place.
    """

    __slots__ = ("_headers",)

    def __init__(self, headers: Any) -> None:
        self._headers = headers

    def get_all(self, name: str, failobj: Any = None) -> Any:
        """All values of a field; `failobj` where there is none."""
        headers = self._headers
        if isinstance(headers, Headers):
            return headers.get_all(name) or failobj
        return [value for key, value in headers.items() if key.lower() == name.lower()] or failobj

    def items(self) -> list[tuple[str, str]]:
        """All fields."""
        return _pairs(self._headers)

    def keys(self) -> list[str]:
        """Their names."""
        return [name for name, _ in _pairs(self._headers)]

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):  # asked for by who copies it, before it has anything
            raise AttributeError(name)
        return getattr(self._headers, name)

    def __getitem__(self, name: str) -> str | None:
        return self._headers.get(name)  # type: ignore[no-any-return]

    def __contains__(self, name: object) -> bool:
        return name in self._headers


def _pairs(headers: Any) -> list[tuple[str, str]]:
    """The fields of a `Headers`, or of the mapping that somebody has put in its place."""
    return list(headers.multi_items() if isinstance(headers, Headers) else headers.items())


class _Original:
    """The `http.client.HTTPResponse` that packages built on requests look for below urllib3's
    response.
    """

    def __init__(self, reply: Any, body: _Undecoded) -> None:
        self.msg = Fields(reply.headers)
        self.version = reply.raw.version
        self.status = reply.status_code
        self.reason = reply.reason
        self._method = reply.request.method
        self._body = body

    def isclosed(self) -> bool:
        return self._body.closed

    def close(self) -> None:
        """Nothing: `ConnectionView.close` sees to it."""


def _theirs(error: exceptions.RequestException) -> Exception:
    theirs = sys.modules["urllib3.exceptions"]
    if isinstance(error, exceptions.Timeout):
        return theirs.ReadTimeoutError(None, None, str(error))  # type: ignore[no-any-return]
    if isinstance(error, exceptions.SSLError):
        return theirs.SSLError(str(error))  # type: ignore[no-any-return]
    return theirs.ProtocolError(str(error))  # type: ignore[no-any-return]
