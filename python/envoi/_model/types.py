"""The types of public arguments: as wide as what is accepted."""

from __future__ import annotations

from collections.abc import AsyncIterable, Awaitable, Callable, Iterable, Mapping, Sequence
from os import PathLike
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envoi._core import URL, Headers
    from envoi._model.auth_flow import AuthScheme
    from envoi._model.timeout import TimeoutType as TimeoutType  # noqa: PLC0414 - exported

    URLType: TypeAlias = "str | bytes | URL | SupportsString"
    HeadersType: TypeAlias = (
        Headers
        | Mapping[str, str | bytes | None]
        | Mapping[bytes, str | bytes | None]
        | Iterable[tuple[str | bytes, str | bytes]]
        | None
    )


@runtime_checkable
class SupportsString(Protocol):
    """Anything with a `__str__` of its own, such as another library's URL."""

    def __str__(self) -> str: ...


class SupportsRead(Protocol):
    """A file open for reading."""

    def read(self, size: int = ..., /) -> str | bytes: ...


class SupportsAsyncRead(Protocol):
    """An asynchronous file."""

    def read(self, size: int = ..., /) -> Awaitable[str | bytes]: ...


class SupportsItems(Protocol):
    """A mapping, or what behaves like one."""

    def items(self) -> Iterable[tuple[Any, Any]]: ...


class CookieLike(Protocol):
    """What of `http.cookiejar.Cookie` is used."""

    name: str
    value: str | None
    domain: str
    path: str
    secure: bool


class CookieJarLike(Protocol):
    """`http.cookiejar.CookieJar`, or what iterates over cookies as it does."""

    def __iter__(self) -> Iterator[Any]: ...
    def set_cookie(self, cookie: Any) -> None: ...


class TLSContext(Protocol):
    """A context that makes TLS over memory buffers, as `ssl.SSLContext` does."""

    def wrap_bio(
        self, incoming: Any, outgoing: Any, server_side: bool = False, server_hostname: Any = None
    ) -> Any: ...


Primitive: TypeAlias = str | bytes | int | float | None
ParamsType: TypeAlias = (
    SupportsItems
    | Mapping[Any, Primitive | Iterable[Primitive]]
    | Iterable[tuple[Any, Primitive | Iterable[Primitive]]]
    | str
    | bytes
    | None
)
DataType: TypeAlias = (
    str
    | bytes
    | bytearray
    | memoryview
    | SupportsItems
    | Iterable[tuple[Any, Any]]
    | Iterable[str | bytes]
    | AsyncIterable[str | bytes]
    | SupportsRead
    | SupportsAsyncRead
    | None
)
JsonType: TypeAlias = Any
CookiesType: TypeAlias = Mapping[str, str] | CookieJarLike | None
AuthType: TypeAlias = "tuple[str | bytes, str | bytes] | AuthScheme | Callable[[Any], Any] | None"
ProxiesType: TypeAlias = Mapping[str, Any] | None
HooksType: TypeAlias = Mapping[str, Any] | None
FileContent: TypeAlias = (
    str
    | bytes
    | bytearray
    | SupportsRead
    | SupportsAsyncRead
    | Iterable[bytes]
    | AsyncIterable[bytes]
)
FileSpec: TypeAlias = (
    FileContent
    | tuple[str | None, FileContent]
    | tuple[str | None, FileContent, str | None]
    | tuple[str | None, FileContent, str | None, Mapping[str, str]]
)
# Sequence, not Iterable: a dict is an Iterable as well, and type checkers could not infer the type
# of one whose values are of several kinds.
FilesType: TypeAlias = Mapping[str, FileSpec] | Sequence[tuple[str, FileSpec]] | None
VerifyType: TypeAlias = bool | str | PathLike[str] | TLSContext
SocketOptionsType: TypeAlias = Sequence[tuple[int, int, int | bytes]] | None
CertType: TypeAlias = str | PathLike[str] | Sequence[str | PathLike[str] | None] | None
