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
        base_url: relative URLs are joined to it.
        headers: sent with every request, over Envoi's own; None as a value leaves one of those out.
        params: added to every URL's query.
        cookies: in the jar from the start; or a `http.cookiejar.CookieJar` of your own, which is
            used as it is.
        auth: user name and password, an `envoi.auth.Auth`, or a callable that takes the request and
            returns it.
        proxies: by scheme or `scheme://host`: `{"https": "http://user:password@proxy:3128"}`; None
            for none at all, whatever the environment says.
        hooks: `{"response": function}`: called with each response.
        timeout: a number of seconds for connecting and for each wait, `(connect, read)`, a
            `Timeout`, or None for none at all.
        verify: True for the system's trust store, a path to a PEM file or folder, an
            `ssl.SSLContext`, or False for no check at all.
        cert: a client certificate: a PEM file's path, `(certificate, key)` or `(certificate, key,
            password)`.
        max_redirects: how many redirects are followed.
        trust_env: whether the environment has a say where nothing explicit was said: proxies,
            REQUESTS_CA_BUNDLE, CURL_CA_BUNDLE, netrc.
        max_connections: open connections in total; None for no limit.
        max_connections_per_host: the same for one origin.
        keepalive: seconds that an idle connection is kept.
        resend: whether a request that met a connection which the server had just closed is sent
            once more, where that is safe.
        max_body: the largest response body in bytes, decoded; None for no limit.
        sensitive_headers: names of headers that a redirect to another origin must not take along,
            besides Authorization, Cookie and Proxy-Authorization.
        local_address: the address to connect from.
        socket_options: `(level, option, value)` for `setsockopt`, as a list; set after what is set
            by default (TCP_NODELAY, TCP's keepalive after 45 s).
        uds: the path of a Unix socket to which every request goes, whatever its URL's host; no
            proxy is used then.
        stream: whether bodies are left for the caller to read, where a request does not say.
        adapters: what to mount from the start, by prefix: see `mount`.
        raise_for_status: whether `request` and the verbs raise HTTPError for a 4xx or 5xx, as
            `Response.raise_for_status` does; a request may say otherwise.
        hsts: whether hosts that ask for it are asked by https only (RFC 6797); or an `envoi.HSTS`
            that remembers them, which several sessions may share.

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
