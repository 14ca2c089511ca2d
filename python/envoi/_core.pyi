"""Types of the compiled core: HTTP/1.1 machine, headers, URLs and content decoders."""

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, MutableMapping
from typing import Any, Final, Generic, Self, TypeAlias, TypeVar, final, overload

_Default = TypeVar("_Default")
_Connection = TypeVar("_Connection")
# Private, because the module has no such names when it runs.
_HeaderText: TypeAlias = str | bytes
_HeadersInput: TypeAlias = (
    Headers
    | Mapping[str, str]
    | Mapping[str, bytes]
    | Mapping[str, _HeaderText]
    | Mapping[bytes, bytes]
    | Mapping[bytes, _HeaderText]
    | Iterable[tuple[_HeaderText, _HeaderText]]
    | None
)
_HeaderChanges: TypeAlias = (
    _HeadersInput
    | Mapping[str, str | None]
    | Mapping[str, bytes | None]
    | Mapping[str, _HeaderText | None]
    | Mapping[bytes, _HeaderText | None]
    | Iterable[tuple[_HeaderText, _HeaderText | None]]
)

__all__ = [
    "URL",
    "DecodeError",
    "Decoder",
    "FramingViolation",
    "H1Machine",
    "Headers",
    "IncompleteHead",
    "IncompleteMessage",
    "InvalidHeaderError",
    "InvalidMessage",
    "InvalidMethodError",
    "Lease",
    "MessageTooLarge",
    "Permit",
    "Place",
    "PoolOwner",
    "PoolState",
    "ProtocolViolation",
    "ResponseHead",
    "URLError",
    "__version__",
    "publish_invalid_header",
]

__version__: Final[str]

class ProtocolViolation(ValueError):
    """The peer sent bytes that HTTP/1.1 does not allow."""

class IncompleteMessage(ProtocolViolation):
    """The peer closed the connection before its message ended."""

class IncompleteHead(IncompleteMessage):
    """The peer closed the connection inside its message's head."""

class FramingViolation(ProtocolViolation):
    """What a head says of its body's length contradicts itself, or means nothing."""

class MessageTooLarge(ProtocolViolation):
    """A head, a trailer section or a chunk header exceeds its limit."""

class InvalidMessage(ValueError):
    """The caller asked to send something that HTTP/1.1 does not allow."""

class InvalidHeaderError(InvalidMessage):
    """A header name or value that cannot be sent."""

def publish_invalid_header(kind: type[InvalidHeaderError], /) -> None:
    """Have a subclass of InvalidHeaderError raised in its place. The first one counts."""

class InvalidMethodError(InvalidMessage):
    """A method that is not an HTTP token."""

class URLError(ValueError):
    """A URL that cannot be used. `args` is `(kind, message)`; kind is one of
    "scheme-missing", "scheme-invalid", "host-missing", "host-invalid", "port-invalid", "character",
    "too-long".
    """

class DecodeError(ValueError):
    """A content coding is corrupt, truncated or chained too deeply."""

@final
class Headers(MutableMapping[str, str]):
    """Header fields in order: case-insensitive, multi-valued, keeping the case as sent (RFC 9110,
    section 5).

    Values are `str` (characters up to U+00FF) or `bytes`; setting None removes the name; anything
    else raises InvalidHeaderError at once. Line breaks and other forbidden characters are stored,
    and refused by `validate` and by `H1Machine.start`.
    """

    def __new__(cls, items: _HeadersInput = None, /) -> Self: ...
    def __getitem__(self, name: _HeaderText, /) -> str: ...
    def __setitem__(self, name: _HeaderText, value: _HeaderText, /) -> None: ...
    def __delitem__(self, name: _HeaderText, /) -> None: ...
    def __iter__(self) -> Iterator[str]: ...
    def __len__(self) -> int: ...
    def __contains__(self, name: object, /) -> bool: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __copy__(self) -> Headers: ...
    def __deepcopy__(self, _memo: object) -> Headers: ...
    def copy(self) -> Headers: ...
    @overload
    def get(self, key: _HeaderText, default: None = None) -> str | None: ...
    @overload
    def get(self, key: _HeaderText, default: _Default) -> str | _Default: ...
    @overload
    def pop(self, key: _HeaderText) -> str: ...
    @overload
    def pop(self, key: _HeaderText, default: _Default) -> str | _Default: ...
    def setdefault(self, key: _HeaderText, default: _HeaderText | None = None) -> str:
        """The joined value; `default` is stored first when there is none, and must then be text."""
    def update(self, other: _HeadersInput = None, /, **names: _HeaderText) -> None: ...  # type: ignore[override]
    def get_all(self, name: _HeaderText, /) -> list[str]: ...
    def add(self, name: _HeaderText, value: _HeaderText, /) -> None: ...
    def multi_items(self) -> list[tuple[str, str]]: ...
    def lower_items(self) -> Iterator[tuple[str, str]]: ...
    @property
    def raw(self) -> list[tuple[bytes, bytes]]: ...
    @property
    def version(self) -> int:
        """A number that changes with every mutation."""
    def validate(self) -> None:
        """Raise InvalidHeaderError when any field could not be sent."""
    def merged(self, other: _HeaderChanges, /) -> Headers:
        """A copy in which each name in `other` replaces ours, and a name whose value is None is
        removed. What was given as bytes there comes back as bytes, as in requests.
        """

@final
class ResponseHead:
    """One response head. The header fields stay in the core until asked for."""

    @staticmethod
    def of(status: int, reason: _HeaderText, version: str, fields: _HeadersInput) -> ResponseHead:
        """A head made of parts, equal to the one that `H1Machine` parses from their bytes (RFC
        9112, sections 4 and 5). The machine's limits on a peer do not hold here.

        Args:
            status: from 100 to 999.
            reason: the reason phrase, often empty; text in latin-1.
            version: "HTTP/1.0" or "HTTP/1.1".
            fields: what `Headers` takes. Blanks around a value are no part of it (RFC 9110, section
                5.5).

        Raises:
            InvalidMessage: the status, the reason or the version cannot be sent.
            InvalidHeaderError: a field's name or value cannot be sent.
            ProtocolViolation: the fields ask for another transfer coding beside chunked; as
                FramingViolation, their Content-Length is no number or contradicts another field
                (RFC 9112, section 6.3).
        """
    @property
    def status(self) -> int: ...
    @property
    def reason(self) -> str: ...
    @property
    def http_version(self) -> str:
        """Either "HTTP/1.0" or "HTTP/1.1"."""
    @property
    def headers(self) -> Headers:
        """The same object each time."""
    @property
    def content_length(self) -> int | None: ...
    @property
    def content_encoding(self) -> str | None:
        """The joined Content-Encoding value in lower case, or None."""
    @property
    def location(self) -> str | None:
        """The first Location value, one character a byte."""
    @property
    def location_is_ambiguous(self) -> bool:
        """Whether there are several Location fields, and they differ."""
    @property
    def keep_alive(self) -> str | None:
        """The first Keep-Alive value, or None."""
    @property
    def sets_cookies(self) -> bool:
        """Whether there is a Set-Cookie field."""
    @property
    def repaired(self) -> tuple[str, ...]:
        """What was mended of it, each in a few words."""

@final
class H1Machine:
    """The client side of one HTTP/1.1 connection (RFC 9112). It does no I/O: bytes in, bytes
    out.
    """

    def __new__(
        cls,
        *,
        max_head_size: int | None = None,
        max_header_count: int | None = None,
        max_informational: int | None = None,
    ) -> Self:
        """Limits on what the peer may send, each with its default for None: 131072 bytes of head,
        256 fields, 64 informational answers.
        """
    def start(
        self,
        method: str,
        target: str,
        host: str,
        headers: Headers,
        body: bytes = b"",
        /,
    ) -> bytes:
        """Begin a request, and return the bytes of its head followed by `body`.

        `Host: <host>` is written first, unless `headers` has a Host of its own. The request's
            framing is read from `headers`:
        one valid Content-Length, or `Transfer-Encoding: chunked`, or no body. `body`, if not empty,
        must be the whole body; under chunked it is framed and terminated. Raises InvalidMessage (or
        a subclass), with the machine unchanged.
        """
    def send_body(self, data: bytes, /) -> bytes:
        """Frame one piece of a streamed body. Without chunked, the same object comes back. Raises
        InvalidMessage past Content-Length.
        """
    def end_body(self) -> bytes:
        """End a streamed body. Raises InvalidMessage when fewer bytes than Content-Length were
        given.
        """
    def feed(self, data: bytes, /) -> bool:
        """Take bytes as received (b"" is the end of the stream). True when the flow should look at
        the machine: the final head is there and the body has ended or `threshold` bytes of it are
        waiting, or (when `stop_at_informational`) a 1xx head came. With no request in flight, any
        byte makes `keep_alive` false and returns True. Raises ProtocolViolation or a subclass.
        """
    threshold: int
    """How many body bytes must wait before `feed` returns True: 0 is "as soon as the head is there"
    (the default after `start`).

    A head of 3xx with a Location (RFC 9110, section 15.4) always returns True at once: its body is
    seldom wanted, and may be endless.
    """
    stop_at_informational: bool
    """Whether `feed` also returns True for bytes that bring a 1xx head. `start` leaves it as it
    is.
    """
    def take_head(self) -> ResponseHead | None:
        """The final response's head, once."""
    def take_informational(self) -> list[ResponseHead]: ...
    def take_body(self) -> bytes:
        """All body bytes that are waiting, transfer coding removed (b"" when none)."""
    @property
    def pending(self) -> int:
        """Body bytes that are waiting."""
    @property
    def head_complete(self) -> bool:
        """Whether the final response's head has arrived in this exchange."""
    @property
    def response_started(self) -> bool:
        """Whether any byte arrived since `start`."""
    @property
    def body_ended(self) -> bool:
        """Whether the response's last byte has arrived (`pending` may still be above 0)."""
    @property
    def declined(self) -> bool:
        """Whether the server wants no more of the request's body: its answer is an error or says
        that the connection closes, or its side has ended.
        """
    @property
    def request_ended(self) -> bool: ...
    @property
    def repaired(self) -> tuple[str, ...]:
        """What was mended of the answer so far: its interim heads, head, chunks and trailers."""
    @property
    def trailers(self) -> Headers | None: ...
    @property
    def keep_alive(self) -> bool:
        """Whether another request may be started now: framing, Connection fields, no surplus bytes,
        request fully sent. False while an exchange is under way.
        """
    @property
    def upgraded(self) -> bool:
        """After 101, or 2xx to CONNECT: the connection belongs to another protocol, and
        `take_surplus` has the bytes that came with it.
        """
    def take_surplus(self) -> bytes: ...

@final
class Decoder:
    """Undo Content-Encoding (RFC 9110, section 8.4) in bounded steps: gzip, x-gzip, deflate (zlib
    or raw), br, zstd.
    """

    @staticmethod
    def for_encoding(value: str, /) -> Decoder | None:
        """A decoder for a Content-Encoding value; None when it names nothing but identity or a
        coding that is not known here. Raises DecodeError for more than five codings.
        """
    def feed(self, data: bytes, /) -> None:
        """Add encoded bytes."""
    def read(self, limit: int, /) -> bytes:
        """At most `limit` decoded bytes; b"" when more input is needed or the end is reached.
        Memory stays bounded by the input held and `limit`. Raises DecodeError.
        """
    def finish(self) -> None:
        """Say that no more input comes, after `read` has returned b"".
        Raises DecodeError when the stream is truncated (an input of no bytes at all is fine).
        """

@final
class URL:
    """A parsed http(s)-like URL (RFC 3986) that keeps the caller's bytes: only what is illegal is
    percent-encoded.
    """

    def __new__(cls, url: str, /) -> Self: ...
    @property
    def scheme(self) -> str: ...
    @property
    def username(self) -> str | None:
        """As written, still percent-encoded."""
    @property
    def password(self) -> str | None: ...
    @property
    def host(self) -> str:
        """Lower case, IDNA A-labels, no brackets."""
    @property
    def port(self) -> int:
        """Explicit, or the scheme's default (http 80, https 443), else 0."""
    @property
    def explicit_port(self) -> int | None: ...
    @property
    def path(self) -> str: ...
    @property
    def query(self) -> str | None: ...
    @property
    def fragment(self) -> str | None: ...
    @property
    def target(self) -> str:
        """What a request line carries: path and query."""
    @property
    def authority(self) -> str:
        """What a Host field carries: the host, in brackets for IPv6, and the port unless it is the
        scheme's default.
        """
    @property
    def origin(self) -> str:
        """scheme://host:port, normalised, with the port always: equal strings are the same
        origin.
        """
    @property
    def has_userinfo(self) -> bool: ...
    @property
    def is_ip_literal(self) -> bool: ...
    def join(self, reference: str, /) -> URL:
        """Resolve a reference against this URL (RFC 3986, section 5.2), dot segments removed as
        section 5.2.4 says.
        """
    def with_query(self, query: str | None, /) -> URL: ...
    def with_added_query(self, query: str, /) -> URL:
        """`query` appended with `?` or `&`."""
    def with_fragment(self, fragment: str | None, /) -> URL: ...
    def without_userinfo(self) -> URL: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...

@final
class PoolState(Generic[_Connection]):
    """The state of one pool of connections. Every method is one step, which no signal can tear;
    what a step leaves to do (closing connections, waking waiters) is done before it returns.

    Args:
        max_connections: open connections in total, those being dialled included; `inf` for no
            limit.
        max_per_host: the same for one key.
        keepalive: seconds that an idle connection is kept.
        hand_over: takes a function, from any thread, and has it called in the event loop: what the
            destructors of claims use. None under threads: there they call `discard` and `wake`
            themselves.
    """

    def __new__(
        cls,
        max_connections: float = 100.0,
        max_per_host: float = ...,
        keepalive: float = 60.0,
        hand_over: Callable[[Callable[[], None]], object] | None = None,
    ) -> Self: ...
    def acquire(
        self,
        key: Hashable,
        now: float,
        new_waiter: Callable[[], Any],
        /,
        *,
        fresh: bool = False,
        may_share: bool = False,
    ) -> Lease[_Connection] | Permit[_Connection] | Place[_Connection] | None:
        """Ask for a connection; None when the pool is closed.

        Args:
            key: what the connection must match: origin, TLS configuration, proxy.
            now: the time, in the clock's seconds.
            new_waiter: called when there is nothing to give: makes what has `wake()`.
            fresh: not a connection that was kept.
            may_share: the connection may turn out to have room for more than one lease. All who ask
                for a key say the same.
        """

    def expire(self, now: float) -> None:
        """Close idle connections whose time is over."""

    def close(self) -> None:
        """Close idle connections, wake those who wait, and let nothing in any more."""

    def forget(self, *, in_use: bool = False) -> PoolState[_Connection]:
        """Leave the connections alone, which are a parent process's: `stream.forget()` is called.

        Args:
            in_use: let go of those that are in use as well.

        Returns:
            A new state with the same settings.
        """

    def owner(self) -> PoolOwner:
        """An object that closes the pool when it is dropped."""

    @property
    def open(self) -> int:
        """Connections that count against the total: in use, idle, or being dialled."""

    @property
    def idle(self) -> int:
        """Connections that wait to be used again."""

    @property
    def waiting(self) -> int:
        """Places that wait."""

    @property
    def hosts(self) -> int:
        """Keys with a connection, or with one who waits."""

    @property
    def keys(self) -> int:
        """Keys that are remembered, those included that nothing is open for."""

    @property
    def closed(self) -> bool: ...
    max_connections: float
    @property
    def max_per_host(self) -> float: ...
    @property
    def keepalive(self) -> float: ...

@final
class PoolOwner:
    """Closes its pool when it is dropped."""

@final
class Lease(Generic[_Connection]):
    """A connection for one exchange. Dropped, it closes the connection."""

    @property
    def connection(self) -> _Connection: ...
    def release(self, now: float | None, /) -> None:
        """Give the connection back; the second time it does nothing.

        Args:
            now: the time; None when the connection is not to be used again.
        """

    def set_room(self, room: int, /) -> None:
        """The peer allows another number of exchanges at a time."""

    def drain(self) -> None:
        """Let nobody join the connection any more; it is closed when its last lease ends."""

@final
class Permit(Generic[_Connection]):
    """A slot in which to dial. Dropped, it goes to the next in line."""

    def dialled(
        self, connection: _Connection, discard: Callable[[], object], /, room: int = 1
    ) -> Lease[_Connection]:
        """Turn it into a lease of the connection that was dialled.

        Args:
            connection: has `close()`, and `stream.forget()`.
            discard: closes its socket; a builtin under threads.
            room: for how many leases at a time.

        Raises:
            RuntimeError: it was used before.
        """

    def release(self) -> None:
        """Give the slot back: dialling failed. The second time it does nothing."""

@final
class Place(Generic[_Connection]):
    """A place in the queue. Dropped, it passes on what it was served with."""

    @property
    def number(self) -> int:
        """Who came earlier has a smaller number."""

    @property
    def waiter(self) -> Any:
        """What `new_waiter` made."""

    def take(self) -> Lease[_Connection] | Permit[_Connection] | None:
        """What the place was served with, after its waiter was woken; None when the pool was
        closed.

        Raises:
            RuntimeError: it still waits.
        """

    def leave(self, now: float | None, /) -> None:
        """Leave the queue, and pass on what the place was served with meanwhile.

        Args:
            now: the time; None for the latest that the pool was told.
        """
