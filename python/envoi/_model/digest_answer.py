"""The arithmetic of Digest (RFC 7616, section 3.4): which challenge to answer, and the field that
answers it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from envoi._model.challenges import parse_challenges, quoted
from envoi._model.exceptions import InvalidOption

if TYPE_CHECKING:
    from collections.abc import Iterable

    from envoi._model.body_streams import Body


class DigestChallenge(NamedTuple):
    """A Digest challenge that can be answered.

    Attributes:
        realm: what the password is for.
        nonce: the server's nonce.
        algorithm: as the server wrote it; None when it did not, which means MD5.
        hash_name: the algorithm's hash, in hashlib's words.
        session: whether it is a `-sess` algorithm.
        qop: "auth", "auth-int", or None for a server that knows RFC 2069 alone.
        opaque: to be given back.
        domain: where else the answer is good, or None.
        stale: whether the last answer was right but for its nonce.
        utf8: whether the server says that it reads UTF-8.
        userhash: whether the user name is to be hashed.
    """

    realm: str
    nonce: str
    algorithm: str | None
    hash_name: str
    session: bool
    qop: str | None
    opaque: str | None
    domain: str | None
    stale: bool
    utf8: bool
    userhash: bool


class Credentials(NamedTuple):
    """User name and password as bytes."""

    username: bytes
    password: bytes


def choose_challenge(fields: Iterable[str]) -> DigestChallenge | None:
    """The strongest Digest challenge that can be answered; the first of equals.

    Args:
        fields: the values of WWW-Authenticate, one each field line.
    """
    known = (
        read_challenge(challenge.parameters)
        for challenge in parse_challenges(fields)
        if challenge.scheme == "digest"
    )
    usable = [challenge for challenge in known if challenge is not None]
    return max(usable, key=lambda challenge: _STRENGTH[challenge.hash_name], default=None)


def read_challenge(parameters: dict[str, str]) -> DigestChallenge | None:
    """The challenge with these parameters; None when it lacks something, or asks for what is not
    known here.
    """
    realm, nonce = parameters.get("realm"), parameters.get("nonce")
    algorithm = parameters.get("algorithm") or None
    hash_name, session = _split_algorithm(algorithm or "MD5")
    offered = {option.strip().lower() for option in parameters.get("qop", "").split(",")} - {""}
    qop = next((option for option in ("auth", "auth-int") if option in offered), None)
    if realm is None or not nonce or hash_name is None or (offered and qop is None):
        return None
    return DigestChallenge(
        realm=realm,
        nonce=nonce,
        algorithm=algorithm,
        hash_name=hash_name,
        session=session,
        qop=qop,
        opaque=parameters.get("opaque"),
        domain=parameters.get("domain"),
        stale=parameters.get("stale", "").lower() == "true",
        utf8=parameters.get("charset", "").lower() == "utf-8",
        userhash=parameters.get("userhash", "").lower() == "true",
    )


def digest_field(
    challenge: DigestChallenge,
    credentials: Credentials,
    method: str,
    target: str,
    *,
    number: int,
    cnonce: str,
    session_nonce: str,
    body: Body | None = None,
) -> str | None:
    """The Authorization field's value; None when the challenge wants the body's hash and the body
    cannot be read twice.

    Args:
        challenge: what is answered.
        credentials: whose answer.
        method: such as "GET".
        target: as the request line has it.
        number: how many requests this one makes with the challenge's nonce: 1 for the first.
        cnonce: the client's nonce; under `-sess` the one of the session's first request.
        session_nonce: the nonce that the session began with, which `nextnonce` may have replaced in
            `challenge`.
        body: what `auth-int` hashes.

    Raises:
        InvalidOption: the user name has control characters.
    """
    name = challenge.hash_name
    user, password = credentials
    secret = _hash(name, b"%b:%b:%b" % (user, _bytes(challenge.realm), password))
    if challenge.session:
        secret = _hash(name, f"{secret}:{session_nonce}:{cnonce}".encode("latin-1"))
    request = f"{method}:{target}"
    if challenge.qop == "auth-int":
        content = body_hash(body, name)
        if content is None:
            return None
        request += f":{content}"
    middle = (
        challenge.nonce
        if challenge.qop is None
        else f"{challenge.nonce}:{number:08x}:{cnonce}:{challenge.qop}"
    )
    response = _hash(name, f"{secret}:{middle}:{_hash(name, _bytes(request))}".encode("latin-1"))
    # The order is that of requests, which servers are used to. Of qop, nc and algorithm RFC 7616
    # (section 3.4) says that they MUST NOT be quoted.
    parts = [
        _user_parameter(challenge, user),
        f"realm={quoted(challenge.realm)}",
        f"nonce={quoted(challenge.nonce)}",
        f"uri={quoted(target)}",
        f'response="{response}"',
    ]
    if challenge.opaque is not None:
        parts.append(f"opaque={quoted(challenge.opaque)}")
    if challenge.algorithm is not None:
        parts.append(f"algorithm={challenge.algorithm}")
    if challenge.qop is not None:
        parts.append(f"qop={challenge.qop}, nc={number:08x}, cnonce={quoted(cnonce)}")
    elif challenge.session:
        parts.append(f"cnonce={quoted(cnonce)}")
    if challenge.userhash:
        parts.append("userhash=true")
    return "Digest " + ", ".join(parts)


def body_hash(body: Body | None, hash_name: str) -> str | None:
    """The hash of a body, read in pieces and rewound; None for a body that cannot be rewound."""
    if body is None:
        return None
    digest = _new_hash(hash_name)
    if body.content is not None:
        digest.update(body.content)
        return str(digest.hexdigest())
    if body.is_async or not body.replayable or not _gives_twice(body):
        return None
    body.rewind()
    while piece := body.next_piece():
        digest.update(piece)
    body.rewind()
    return str(digest.hexdigest())


_HASHES: Final = {
    "MD5": "md5",
    "SHA": "sha1",
    "SHA-256": "sha256",
    "SHA-512-256": "sha512_256",
    "SHA-512": "sha512",
}
_STRENGTH: Final = {name: strength for strength, name in enumerate(_HASHES.values())}
_SESSION: Final = "-SESS"
_EXTENDED_SAFE: Final = "!#$&+-.^_`|~"


def _split_algorithm(algorithm: str) -> tuple[str | None, bool]:
    name = algorithm.upper()
    session = name.endswith(_SESSION)
    return _HASHES.get(name.removesuffix(_SESSION)), session


def _gives_twice(body: Body) -> bool:
    """Whether the body can be rewound after it is read. `replayable` is also true of a generator
    that is not read yet, so this looks at the source.
    """
    sources = getattr(body, "sources", None)
    if sources is not None:
        return all(_gives_twice(source) for source in sources)
    source = body.shown
    if hasattr(source, "read"):
        return (
            bool(source.seekable())
            if hasattr(source, "seekable")
            else hasattr(source, "seek") and hasattr(source, "tell")
        )
    return not hasattr(source, "__next__")


def _user_parameter(challenge: DigestChallenge, user: bytes) -> str:
    if challenge.userhash:
        return (
            f'username="{_hash(challenge.hash_name, b"%b:%b" % (user, _bytes(challenge.realm)))}"'
        )
    if any(byte < 0x20 or byte == 0x7F for byte in user):
        raise InvalidOption("the user name for Digest has control characters")
    if user.isascii() or not challenge.utf8:
        return f"username={quoted(user.decode('latin-1'))}"
    from urllib.parse import quote

    return f"username*=UTF-8''{quote(user, safe=_EXTENDED_SAFE)}"


def _bytes(text: str) -> bytes:
    """Text from a header field, one character a byte, or else from the caller."""
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError:
        return text.encode()


def _hash(name: str, content: bytes) -> str:
    digest = _new_hash(name)
    digest.update(content)
    return str(digest.hexdigest())


def _new_hash(name: str) -> Any:
    import hashlib

    return hashlib.new(name, usedforsecurity=False)
