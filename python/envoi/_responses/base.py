"""What sync and async responses share, so that adapters and packages built on requests can make,
change and look into them.
"""

from __future__ import annotations

from typing import Any, ClassVar

# Packages built on requests evaluate what is annotated here.
from envoi._model.wrong_with import WrongWith
from envoi._pipeline.reply import BodySource, Reply, load
from envoi._responses.foreign import ForeignBody
from envoi._responses.pieces import Pieces, require_untouched
from envoi._responses.raw import AsyncRaw, Raw


class OpenReply(Reply, WrongWith):
    """A response whose parts may be set from outside."""

    __attrs__: ClassVar[list[str]] = [
        "_content",
        "status_code",
        "url",
        "headers",
        "history",
        "encoding",
        "reason",
        "cookies",
        "elapsed",
        "request",
    ]

    body: BodySource | None = None
    _raw: Any = None
    _adapter: Any = None
    content: Any
    _make_raw: ClassVar[Any]
    _adapter_kind: ClassVar[Any]

    @property
    def raw(self) -> Any:
        """The body as a file, for a response with `stream=True`. An adapter may set another
        file.
        """
        if self._raw is None and self._head is not None:
            self._raw = self._make_raw(self)
        return self._raw

    @raw.setter
    def raw(self, value: Any) -> None:
        self._raw = value
        if value is not None and not isinstance(value, (Raw, AsyncRaw)):
            self.body = ForeignBody(value)

    @property
    def connection(self) -> Any:
        """The adapter that sent the request: what a hook sends another one with."""
        link = getattr(self.trace, "link", None)
        if self._adapter is None and link is not None and (pool := link.pool()) is not None:
            self._adapter = self._adapter_kind.over(pool)
        return self._adapter

    @connection.setter
    def connection(self, value: Any) -> None:
        self._adapter = value

    @property
    def cookie_fields(self) -> Any:
        """The `raw` of another library's response, if it keeps its Set-Cookie fields where urllib3
        has them.
        """
        raw = self._raw
        return (
            raw
            if raw is not None
            and not isinstance(raw, Raw)
            and getattr(raw, "_original_response", None) is not None
            else None
        )

    @property
    def _content_consumed(self) -> bool:
        """Requests' name; packages built on requests set it."""
        return self._consumed

    @_content_consumed.setter
    def _content_consumed(self, value: bool) -> None:
        self._consumed = value

    def _pieces(self, chunk_size: int | None, decode_unicode: bool) -> Pieces:
        """An iteration over the body, which goes on where `raw` was left."""
        if isinstance(self._raw, (Raw, AsyncRaw)):
            self._raw._reader.give_back()
        pieces = Pieces(self, chunk_size, decode_unicode)
        if isinstance(self.body, ForeignBody):
            self.body.amount = chunk_size
        return pieces

    def _more_state(self) -> dict[str, Any]:
        own = OpenReply.__attrs__
        names = [name for name in self.__attrs__ if name not in own]
        return {name: getattr(self, name, None) for name in names}

    def _loaded_content(self) -> bytes:
        content: bytes = self.content
        return content

    async def _read(self) -> bytes:
        """Read the whole body."""
        if not isinstance(self._content, bytes):
            require_untouched(self)
            if self.body is not None:
                self.body.check_owner()
            await load(self)
        return self._content or b""

    def _is_to_be_read(self) -> bool:
        """Whether `content` is still to be read; None is what it is of a response that was made by
        hand and given no body.
        """
        if self._content or isinstance(self._content, bytes):
            return False
        self._content = None  # requests, and those who set it, say False
        made_by_hand = self._head is None or self.status_code == 0
        return not made_by_hand or self.body is not None or self._consumed or self._touched

    def _close(self) -> None:
        """Give the connection back."""
        body = self.body
        self._closed = True
        if body is not None:
            body.check_owner()
            body.close()
