"""How long each phase of a request may take."""

from __future__ import annotations

from math import inf, isnan
from typing import TYPE_CHECKING, Any, Final, Never, NoReturn

from envoi._model.errors import InvalidOption
from envoi._model.sentinel import NOT_GIVEN, NotGiven
from envoi._model.suggestions import OF_A_TIMEOUT, complaint

if TYPE_CHECKING:
    from typing import TypeAlias

    TimeoutType: TypeAlias = "float | tuple[float | None, float | None] | Timeout | None"

_CACHE_SIZE: Final = 256
_MAX_PLAIN_INT: Final = 1 << 53  # floats have every integer below it
_FIELDS: Final = ("connect", "read", "write", "pool", "total")


class Timeout:
    """Limits in seconds; `None` is "wait for ever".

    Args:
        connect: name resolution, TCP and TLS together.
        read: each wait for bytes from the server.
        write: each wait for the server to take bytes.
        pool: the wait for a free connection.
        total: everything: pool, connection, redirects, retries and body.
        **unknown: refused.

    Raises:
        InvalidOption: a limit that is not a positive number or None, or is none of these; the
            message says which was meant.

    Examples:
        >>> Timeout(connect=3, total=30)
        Timeout(connect=3, read=60.0, write=60.0, pool=60.0, total=30)

    The `*_seconds` attributes are the same limits as floats, with infinity for None. `deadline` is
    the point in time at which a `total` that has begun to run will end, on the clock of the session
    that uses it; infinity where none has.
    """

    __slots__ = (
        *_FIELDS,
        "connect_seconds",
        "deadline",
        "pool_seconds",
        "read_seconds",
        "total_seconds",
        "write_seconds",
    )

    connect: float | None
    read: float | None
    write: float | None
    pool: float | None
    total: float | None
    connect_seconds: float
    read_seconds: float
    write_seconds: float
    pool_seconds: float
    total_seconds: float
    deadline: float

    def __init__(
        self,
        connect: float | None = 10.0,
        read: float | None = 60.0,
        write: float | None = 60.0,
        pool: float | None = 60.0,
        total: float | None = None,
        **unknown: Never,
    ) -> None:
        if unknown:
            name = next(iter(unknown))
            raise InvalidOption(complaint(name, "a limit of Timeout", _FIELDS, OF_A_TIMEOUT))
        place = object.__setattr__
        for name, value in zip(_FIELDS, (connect, read, write, pool, total), strict=True):
            # Plain numbers are checked without a call. NaN fails `> 0` as well.
            if value is None:
                seconds = inf
            elif type(value) is float and value > 0:
                seconds = value
            elif type(value) is int and 0 < value < _MAX_PLAIN_INT:
                seconds = float(value)
            else:
                seconds = _seconds(name, value)
            place(self, name, value)
            place(self, name + "_seconds", seconds)
        place(self, "deadline", inf)

    @classmethod
    def parse(cls, value: TimeoutType | NotGiven, default: Timeout) -> Timeout:
        """The limits that a `timeout=` argument stands for.

        Args:
            value: NOT_GIVEN for `default`; None for no limit at all; a number for connect, read and
                write; `(connect, read)` for those two, `read` being the limit for writing as well;
                or a `Timeout`.
            default: where the limits come from that `value` says nothing about.

        Raises:
            InvalidOption: anything else.
        """
        if value is NOT_GIVEN:
            return default
        kind = type(value)
        if kind is float or kind is int:
            key = (value, default.pool, default.total)
            found = _parsed.get(key)
            return _parse_number(key, value) if found is None else found  # type: ignore[arg-type]
        if isinstance(value, Timeout):
            return value
        if value is None:
            return FOREVER
        return _parse_rarer(value, default)

    def until(self, deadline: float) -> Timeout:
        """The same limits, and a point in time at which all must have ended.

        Args:
            deadline: on the clock of the session that will use them.
        """
        if deadline >= self.deadline:
            return self
        made = Timeout(*self._limits())
        object.__setattr__(made, "deadline", deadline)
        return made

    def deadline_from(self, now: float) -> float:
        """The point in time at which a call that starts now must have ended; infinity for never.

        Args:
            now: seconds on the clock of the session that makes the call.

        Examples:
            >>> Timeout(total=30).deadline_from(100.0)
            130.0
        """
        return min(now + self.total_seconds, self.deadline)

    def in_plain_words(self) -> Any:
        """The `timeout=` that requests' users would write for these limits: None for the defaults,
        a number, or `(connect, read)`; the object itself where none of these has the same meaning.
        """
        if (
            self.deadline != inf
            or self.total is not None
            or self.pool != DEFAULT_TIMEOUT.pool
            or self.write != self.read
        ):
            return self
        if self.connect == self.read is not None:
            return self.read
        return None if self == DEFAULT_TIMEOUT else (self.connect, self.read)

    def __setattr__(self, name: str, value: object) -> NoReturn:
        message = "a Timeout cannot be changed: make a new one"
        raise AttributeError(message)

    def __delattr__(self, name: str) -> NoReturn:
        message = "a Timeout cannot be changed: make a new one"
        raise AttributeError(message)

    def __eq__(self, other: object) -> bool:
        return self._limits() == other._limits() if isinstance(other, Timeout) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._limits())

    def __repr__(self) -> str:
        return "Timeout(" + ", ".join(f"{name}={getattr(self, name)!r}" for name in _FIELDS) + ")"

    def __reduce__(self) -> tuple[Any, ...]:
        return Timeout, self._limits()

    def _limits(self) -> tuple[float | None, ...]:
        return self.connect, self.read, self.write, self.pool, self.total


_parsed: dict[Any, Timeout] = {}


def _parse_number(key: Any, value: float) -> Timeout:
    _, pool, total = key
    parsed = Timeout(value, value, value, pool, total)
    if len(_parsed) >= _CACHE_SIZE:
        _parsed.clear()
    _parsed[key] = parsed
    return parsed


def _parse_rarer(value: Any, default: Timeout) -> Timeout:
    if isinstance(value, tuple):
        if len(value) != 2:
            message = (
                f"timeout={value!r}: a tuple has two items, (connect, read); for more use "
                "Timeout(connect=…, read=…, total=…)"
            )
            raise InvalidOption(message)
        connect, read = value
        return Timeout(connect, read, read, default.pool, default.total)
    if hasattr(value, "connect_timeout") and hasattr(value, "total"):
        return _from_urllib3(value, default)
    if hasattr(value, "connect") and hasattr(value, "sock_read"):  # aiohttp's
        connects = [one for one in (value.connect, value.sock_connect) if one is not None]
        return Timeout(
            min(connects, default=None), value.sock_read, None, default.pool, value.total
        )
    if all(hasattr(value, name) for name in ("connect", "read", "write", "pool")):  # httpx's
        return Timeout(value.connect, value.read, value.write, value.pool, default.total)
    if isinstance(value, BaseException):
        message = (
            "timeout= was given an exception: Timeout(3, 5) is one. "
            "Its limits are keywords, Timeout(connect=3, read=5); a pair of numbers, (3, 5), "
            "does as well"
        )
        raise InvalidOption(message)
    if not hasattr(value, "__float__"):
        message = (
            f"timeout={value!r}: must be an int, float or None (seconds), (connect, read) or a "
            f"Timeout, not {type(value).__name__}"
        )
        raise InvalidOption(message)
    return Timeout(value, value, value, default.pool, default.total)


def _from_urllib3(value: Any, default: Timeout) -> Timeout:
    """The limits of a `urllib3.Timeout`: `total` bounds connecting and each wait there."""
    limits = [
        limit if limit is None or isinstance(limit, (int, float)) else own
        for limit, own in ((value._connect, default.connect), (value._read, default.read))
    ]
    total = value.total
    if total is not None:
        limits = [total if limit is None else min(limit, total) for limit in limits]
    connect, read = limits
    return Timeout(connect, read, read, default.pool, default.total)


def _seconds(name: str, value: float | None) -> float:
    if value is None:
        return inf
    if isinstance(value, (bool, str, bytes)):
        message = (
            f"timeout: {name}={value!r} must be a number of seconds or None, not "
            f"{type(value).__name__}"
        )
        raise InvalidOption(message)
    try:
        seconds = float(value)
    except (TypeError, ValueError, OverflowError):
        message = f"timeout: {name}={value!r} must be a number of seconds or None"
        raise InvalidOption(message) from None
    if isnan(seconds) or seconds <= 0:
        message = f"timeout: {name}={value!r} must be greater than 0; None waits for ever"
        raise InvalidOption(message)
    return seconds


FOREVER: Final = Timeout(None, None, None, None, None)
DEFAULT_TIMEOUT: Final = Timeout()
