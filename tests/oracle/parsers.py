"""The same bytes through both parsers, and what each made of them."""

from __future__ import annotations

from dataclasses import dataclass, field

import h11

from envoi._core import H1Machine, Headers, ProtocolViolation

Fields = list[tuple[bytes, bytes]]
NO_LIMIT = 1 << 20


@dataclass
class Outcome:
    """An answer as understood, or why it was refused."""

    refusal: str | None = None
    status: int = 0
    reason: bytes = b""
    version: bytes = b""
    fields: Fields = field(default_factory=list)
    informational: list[int] = field(default_factory=list)
    body: bytes = b""
    trailers: Fields = field(default_factory=list)
    keep_alive: bool = False
    repaired: bool = field(default=False, compare=False)


def by_envoi(method: str, pieces: list[bytes]) -> Outcome:
    machine = H1Machine()
    machine.start(method, "/", "example.org", Headers())
    outcome = Outcome()
    try:
        for piece in pieces:
            machine.feed(piece)
        keep_alive = machine.keep_alive
        if not machine.body_ended:
            machine.feed(b"")
    except ProtocolViolation as error:
        return Outcome(refusal=str(error))
    head = machine.take_head()
    assert head is not None
    outcome.status, outcome.reason, outcome.version = (
        head.status,
        head.reason.encode("latin-1"),
        head.http_version[5:].encode(),
    )
    outcome.fields = normalized(head.headers.raw)
    outcome.informational = [early.status for early in machine.take_informational()]
    outcome.body = machine.take_body()
    outcome.trailers = normalized(machine.trailers.raw) if machine.trailers is not None else []
    outcome.keep_alive = keep_alive
    outcome.repaired = bool(machine.repaired)
    return outcome


def by_h11(method: str, pieces: list[bytes]) -> Outcome:
    connection = h11.Connection(h11.CLIENT, max_incomplete_event_size=NO_LIMIT)
    connection.send(h11.Request(method=method, target="/", headers=[("Host", "example.org")]))
    connection.send(h11.EndOfMessage())
    outcome = Outcome()
    try:
        taken = next(
            (
                count
                for count, piece in enumerate(pieces, 1)
                if take_events(connection, outcome, piece)
            ),
            0,
        )
        ended, surplus = taken > 0, connection.trailing_data[0] or taken < len(pieces)
        outcome.keep_alive = ended and connection.their_state is h11.DONE and not surplus
        if not ended and not take_events(connection, outcome, b""):
            return Outcome(refusal="the stream ended early")
    except h11.ProtocolError as error:
        return Outcome(refusal=str(error))
    return outcome


def take_events(connection: h11.Connection, outcome: Outcome, data: bytes) -> bool:
    """Give h11 one piece; true once the message has ended."""
    connection.receive_data(data)
    while True:
        event = connection.next_event()
        match event:
            case h11.InformationalResponse():
                outcome.informational.append(event.status_code)
            case h11.Response():
                outcome.status, outcome.reason, outcome.version = (
                    event.status_code,
                    bytes(event.reason),
                    bytes(event.http_version),
                )
                outcome.fields = normalized(list(event.headers))
            case h11.Data():
                outcome.body += bytes(event.data)
            case h11.EndOfMessage():
                outcome.trailers = normalized(list(event.headers))
                return True
            case h11.PAUSED:
                return True
            case _:
                return False


def normalized(fields: Fields) -> Fields:
    """Names in lower case; h11 writes framing fields in their simplest form, so that is done to ours as well."""
    simplest = []
    for name, value in fields:
        lower = name.lower()
        if lower == b"content-length":
            lengths = value.replace(b" ", b"").replace(b"\t", b"").split(b",")
            if (lower, lengths[0]) not in simplest:
                simplest.append((lower, lengths[0]))
        else:
            simplest.append((lower, value.lower() if lower == b"transfer-encoding" else value))
    return simplest
