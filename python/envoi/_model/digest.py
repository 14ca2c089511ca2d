"""Digest authentication (RFC 7616, and RFC 2617 for older servers)."""

from __future__ import annotations

from itertools import count
from os import urandom
from typing import TYPE_CHECKING, Any, ClassVar, Final, NamedTuple

from envoi._core import URL, URLError
from envoi._model.auth import Auth, AuthBase, same_credentials
from envoi._model.challenges import parse_parameters
from envoi._model.digest_answer import (
    Credentials,
    DigestChallenge,
    choose_challenge,
    digest_field,
    read_challenge,
)
from envoi._model.exceptions import InvalidOption
from envoi._model.text import plain
from envoi._model.url import parse_url

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from envoi._model.auth import Flow
    from envoi._model.body_streams import Body
    from envoi._model.prepared import PreparedRequest

MAX_SPACES: Final = 32
MAX_PREFIXES: Final = 64
MAX_SENDS: Final = 3
MAX_REFUSED: Final = 8


class HTTPDigestAuth(Auth, AuthBase):
    """User name and password, of which only a hash is sent, over the server's nonce and the request
    as well.

    The first request to a server is sent without, and again once the server's challenge is known;
    those that follow, in the same protection space, carry the answer from the start. One object may
    serve any number of threads and tasks.

    Args:
        username: text or UTF-8 bytes.
        password: the same.
        make_cnonce: what makes the client's nonces, for tests.

    Examples:
        `envoi.get(url, auth=envoi.auth.HTTPDigestAuth("user", "password"))`
    """

    def __init__(
        self,
        username: str | bytes,
        password: str | bytes,
        *,
        make_cnonce: Callable[[], str] | None = None,
    ) -> None:
        self.username = username
        self.password = password
        self._make_cnonce = make_cnonce or _random_cnonce
        # Replaced as a whole, never changed: a thread sees the old one or the new one.
        self._spaces: tuple[_Space, ...] = ()
        self._refused: tuple[_Space, ...] = ()
        self._state: _RequestsState | None = None

    def auth_flow(self, request: PreparedRequest) -> Flow:
        """Send, answer the challenge, and once more when the server says that its nonce has gone
        stale.
        """
        return self._flow(request, self._known_space(request.parsed_url))

    def build_digest_header(self, method: str, url: str) -> str | None:
        """The Authorization field's value for a request, as requests' method of this name gives it.

        Args:
            method: such as "GET".
            url: the request's.

        Returns:
            None when no challenge was met yet, or it cannot be answered.
        """
        parsed = parse_url(url)
        space = self._known_space(parsed) or (self._spaces[-1] if self._spaces else None)
        return None if space is None else self._answer(space, method, parsed.target, None)

    def __call__(self, r: Any) -> Any:
        """Put an answer on a prepared request, if a challenge is known, and register `handle_401`
        on it.
        """
        url = parse_url(r.url)
        space = self._known_space(url)
        header = (
            None if space is None else self._answer(space, r.method, url.target, _content_of(r))
        )
        if header is not None:
            r.headers["Authorization"] = header
        r.register_hook("response", self.handle_401)
        return r

    def handle_401(self, r: Any, **kwargs: Any) -> Any:
        """A response hook: answer a challenge by sending the request again over `r.connection`, an
        adapter.

        Args:
            r: the response.
            **kwargs: what the adapter's `send` takes.

        Returns:
            The response to the answer, or `r`.
        """
        url = parse_url(r.request.url)
        space = self._learn(url, r)
        header = (
            None
            if space is None
            else self._answer(space, r.request.method, url.target, _content_of(r.request))
        )
        if header is None:
            return r
        _ = r.content  # read to its end, so that the connection can be used again
        r.close()
        again = r.request.copy()
        content = _content_of(again)
        if content is not None:
            content.rewind()
        again.headers["Authorization"] = header
        response = r.connection.send(again, **kwargs)
        response.history.append(r)
        response.request = again
        return response

    def init_per_thread_state(self) -> None:
        """Do nothing: Envoi keeps no such state. Subclasses written for requests call this
        method.
        """

    def __eq__(self, other: object) -> bool:
        return same_credentials(self, other)

    # user name and password can be set anew
    __hash__: ClassVar[None] = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.username!r}>"

    def __getstate__(self) -> dict[str, Any]:
        """The state to pickle or copy, without the nonces: only one object may count their uses."""
        return {**self.__dict__, "_spaces": (), "_refused": (), "_state": None}

    @property
    def _thread_local(self) -> _RequestsState:
        if self._state is None:
            self._state = _RequestsState(self)
        return self._state

    def _flow(self, request: PreparedRequest, space: _Space | None) -> Flow:
        for sends in range(1, MAX_SENDS + 1):
            field = (
                None
                if space is None
                else self._answer(space, request.method, request.parsed_url.target, request.content)
            )
            if field is not None:
                request.headers["Authorization"] = field
            elif sends > 1:
                return
            response = yield request
            if space is not None and field is not None:
                self._follow_nonce(space, response)
            learnt = self._learn(request.parsed_url, response)
            if learnt is None:
                return
            if sends > 1 and not learnt.challenge.stale:
                self._forget(learnt)  # its answer was refused: the next request need not try it
                return
            space = learnt
            request = request.copy()

    def _answer(self, space: _Space, method: str, target: str, body: Body | None) -> str | None:
        return digest_field(
            space.challenge,
            Credentials(_utf8(self.username), _utf8(self.password)),
            method,
            target,
            number=next(space.numbers),
            cnonce=space.session_cnonce if space.challenge.session else self._make_cnonce(),
            session_nonce=space.session_nonce,
            body=body,
        )

    def _known_space(self, url: URL) -> _Space | None:
        """The narrowest protection space that the URL lies in, and of equals the newest."""
        origin, path = url.origin, url.path or "/"
        best, width = None, -1
        for space in self._spaces:
            if space.origin == origin:
                reach = max(
                    (len(prefix) for prefix in space.prefixes if _within(path, prefix)), default=-1
                )
                if reach >= width and reach >= 0:
                    best, width = space, reach
        return best

    def _learn(self, url: URL, response: Any) -> _Space | None:
        """The space of a response's challenge, kept for later; None for a response without one."""
        if not 400 <= response.status_code < 500:
            return None
        challenge = choose_challenge(_field_lines(response.headers, "WWW-Authenticate"))
        if challenge is None:
            return None
        # A nonce that a server sends again keeps its count: a server takes the same count under the
        # same nonce for a replay (section 3.4).
        numbers = next(
            (
                known.numbers
                for known in (*self._spaces, *self._refused)
                if (known.origin, known.challenge.nonce) == (url.origin, challenge.nonce)
            ),
            None,
        )
        space = _Space(
            url.origin,
            _prefixes(url, challenge.domain),
            challenge,
            challenge.nonce,
            self._make_cnonce(),
            count(1) if numbers is None else numbers,
        )
        self._keep(space)
        return space

    def _follow_nonce(self, space: _Space, response: Any) -> None:
        """Take the nonce that the server wants next (RFC 7616, section 3.5)."""
        for line in _field_lines(response.headers, "Authentication-Info"):
            nonce = parse_parameters(line).get("nextnonce")
            if nonce:
                self._keep(
                    space._replace(
                        challenge=space.challenge._replace(nonce=nonce, stale=False),
                        numbers=count(1),
                    )
                )
                return

    def _keep(self, space: _Space) -> None:
        others = [known for known in self._spaces if not known.same_as(space)]
        self._spaces = (*others[1 - MAX_SPACES :], space)

    def _forget(self, space: _Space) -> None:
        self._spaces = tuple(known for known in self._spaces if known is not space)
        self._refused = (*self._refused[-MAX_REFUSED + 1 :], space)


class _Space(NamedTuple):
    """A protection space (RFC 7616, section 3.3) and the count of its nonce's uses.

    Attributes:
        origin: of the server.
        prefixes: the paths that answers are good for.
        challenge: what is answered.
        session_nonce: the nonce of the challenge that began a `-sess` session.
        session_cnonce: the client's nonce of its first request.
        numbers: gives each use of the nonce its number; no two threads get the same.
    """

    origin: str
    prefixes: tuple[str, ...]
    challenge: DigestChallenge
    session_nonce: str
    session_cnonce: str
    numbers: Iterator[int]

    def same_as(self, other: _Space) -> bool:
        """Whether `other` is this space, challenged anew."""
        return (
            self.origin == other.origin
            and self.challenge.realm == other.challenge.realm
            and self.prefixes == other.prefixes
        )


class _RequestsState:
    """requests' state for each thread. Subclasses read it, and store more in it."""

    def __init__(self, auth: HTTPDigestAuth) -> None:
        self._auth = auth
        self._given: tuple[str, tuple[_Space, ...]] = ("", ())

    @property
    def last_nonce(self) -> str:
        """The newest challenge's nonce, or what it was set to since. Setting it to "" forgets all
        challenges.
        """
        given, then = self._given
        spaces = self._auth._spaces
        if given and then is spaces:
            return given
        return spaces[-1].challenge.nonce if spaces else ""

    @last_nonce.setter
    def last_nonce(self, nonce: str) -> None:
        if not nonce:
            self._auth._spaces = ()
        self._given = nonce, self._auth._spaces

    @property
    def chal(self) -> dict[str, str]:
        """The newest challenge's parameters, as far as they matter. Setting it makes a challenge
        the newest.
        """
        if not self._auth._spaces:
            return {}
        shown = self._auth._spaces[-1].challenge
        parameters = {
            "realm": shown.realm,
            "nonce": shown.nonce,
            "algorithm": shown.algorithm,
            "qop": shown.qop,
            "opaque": shown.opaque,
            "domain": shown.domain,
        }
        return {name: value for name, value in parameters.items() if value is not None}

    @chal.setter
    def chal(self, parameters: dict[str, str]) -> None:
        challenge = read_challenge(
            {name.lower(): value for name, value in parameters.items() if value is not None}
        )
        if challenge is not None:
            auth = self._auth
            auth._keep(_Space("", (), challenge, challenge.nonce, auth._make_cnonce(), count(1)))


def _random_cnonce() -> str:
    return urandom(16).hex()


def _utf8(text: Any) -> bytes:
    if isinstance(text, bytes):
        return text
    try:
        return (plain(text) if isinstance(text, str) else str(text)).encode()
    except UnicodeEncodeError as error:
        message = (
            f"the user name or password for Digest has text that UTF-8 cannot carry: {error.reason}"
        )
        raise InvalidOption(message) from None


def _content_of(request: Any) -> Body | None:
    content = getattr(request, "content", None)
    return content if hasattr(content, "next_piece") else None


def _field_lines(headers: Any, name: str) -> list[str]:
    if hasattr(headers, "get_all"):
        return headers.get_all(name) or []
    value = headers.get(name)
    return [] if value is None else [value]


def _prefixes(url: URL, domain: str | None) -> tuple[str, ...]:
    """The paths on `url`'s server that `domain` names; all of them when it names none (RFC 7616,
    section 3.3).

    Other servers that it names are left out: one server does not decide what another is sent.
    """
    if domain is None or not domain.strip():
        return ("/",)
    paths = []
    for reference in domain.split()[:MAX_PREFIXES]:
        try:
            named = url.join(reference)
        except URLError:
            continue
        if named.origin == url.origin:
            paths.append(named.path or "/")
    return tuple(paths)


def _within(path: str, prefix: str) -> bool:
    return path == prefix or path.startswith(prefix if prefix.endswith("/") else prefix + "/")
