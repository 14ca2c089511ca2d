"""What both colours' responses share so that adapters and companions of requests can make, change
and look into them.
"""

from __future__ import annotations

from typing import Any, ClassVar

from envoi._pipeline.reply import (
    BodySource,
    Reply,
)  # what is annotated here is evaluated by companions
from envoi._responses.foreign import ForeignBody
from envoi._responses.raw import AsyncRaw, Raw


class OpenReply(Reply):
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
        """Requests' name; companions set it."""
        return self._consumed

    @_content_consumed.setter
    def _content_consumed(self, value: bool) -> None:
        self._consumed = value

    def _take_from_raw(self) -> None:
        """Go on where `raw` was left."""
        if isinstance(self._raw, (Raw, AsyncRaw)):
            self._raw._reader.give_back()

    def _is_bare(self) -> bool:
        """Whether it was made by hand, and given no body."""
        return (
            self.body is None
            and not (self._consumed or self._touched)
            and (self._head is None or self.status_code == 0)
        )
