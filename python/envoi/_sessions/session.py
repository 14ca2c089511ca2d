"""The session: settings, cookies and connections that outlive a request."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from envoi._adapters.http import HTTPAdapter
from envoi._io.run_sync import run_sync
from envoi._responses.response import Response
from envoi._sessions.base import BaseSession
from envoi._sessions.overrides import methods_of
from envoi._sessions.redirecting import SessionRedirectMixin
from envoi._sessions.verbs import SessionVerbs
from envoi._wiring import open_blocking_pool

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

    from envoi._model.prepared import PreparedRequest


class Session(BaseSession, SessionRedirectMixin, SessionVerbs):
    """Cookies that persist, connections that are kept, settings for every request. Safe to use from
    many threads at once.

    Args:
        **settings: see `SessionSettings`.

    Examples:
        >>> with testing.Server() as server, envoi.Session(base_url=server.url) as session:
        ...     _ = session.get("/cookies/set?flavour=vanilla")
        ...     session.get("/cookies").json()
        {'cookies': {'flavour': 'vanilla'}}
    """

    _kind = HTTPAdapter
    _new_reply = Response
    _open_pool = staticmethod(open_blocking_pool)
    _belongs_to_loop = False

    def send(self, request: PreparedRequest, **options: Any) -> Response:
        """Send a request that is prepared, as it is: the session adds no header, cookie or
        authentication.

        Args:
            request: what to send.
            **options: `stream`, `timeout`, `verify`, `cert`, `proxies`, `allow_redirects`,
                `max_body`, as for `request`; what else there is goes to the adapter.

        Returns:
            The response, its body read, unless `stream=True`.

        Raises:
            InvalidOption: a `Request` that is not prepared.
            RequestException: whatever went wrong.
        """
        return run_sync(self._deliver(request, options))  # type: ignore[no-any-return]

    def close(self) -> None:
        """Close the connections. Responses that are still being streamed keep theirs to their end.
        Closing again does nothing.
        """
        run_sync(self._close())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


Session._kind_methods = methods_of(Session)
Session._kind_seams = HTTPAdapter._original
