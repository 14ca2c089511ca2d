"""Settings that there are not: what was meant by them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NoReturn

from envoi._model.exceptions import InvalidOption
from envoi._model.options import OPTION_NAMES
from envoi._model.suggestions import OF_A_SESSION, complaint, meant

if TYPE_CHECKING:
    from collections.abc import Iterable

_ALIKE: Final = 0.85
"""How near the name of an attribute must come to a setting's: it may be the caller's own."""

_OF_REQUESTS: Final = dict.fromkeys(OPTION_NAMES, "an option of each request")


def refuse_settings(names: Iterable[str], known: frozenset[str]) -> None:
    """Refuse keywords of a session that are not settings.

    Args:
        names: the keywords.
        known: the settings that there are.

    Raises:
        InvalidOption: a name that is not known; the message offers the nearest one.
    """
    for name in names:
        if name not in known:
            raise InvalidOption(
                complaint(
                    name, "a setting of a session", known, OF_A_SESSION, elsewhere=_OF_REQUESTS
                )
            )


def refuse_attribute(kind: type, name: str, known: frozenset[str]) -> None:
    """Refuse an attribute that looks like a setting and is none, on a session of our own classes:
    it would have no effect. Subclasses have attributes of their own.

    Args:
        kind: the session's class.
        name: the attribute's.
        known: the settings that there are.

    Raises:
        InvalidOption: the message says which setting was meant.
    """
    if name in known or not kind.__module__.startswith("envoi."):
        return
    near = meant(name, known, OF_A_SESSION, _ALIKE)
    if near is not None:
        raise InvalidOption(
            f"session.{name} is not a setting of a session; did you mean {near}? For an attribute "
            "of your own, derive a class from Session"
        )


class StreamSetting(int):
    """The value of `session.stream`, which is true or false; called as other libraries' method of
    that name, it says what to write.
    """

    def __call__(self, *_positional: Any, **_options: Any) -> NoReturn:
        """Refuse."""
        raise InvalidOption(
            "session.stream is a setting, not a method. Write: with session.get(url, stream=True) "
            "as response (async with await session.get(url, stream=True) in an AsyncSession)"
        )

    def __repr__(self) -> str:
        return repr(bool(self))

    def __reduce__(self) -> tuple[Any, ...]:
        return bool, (bool(self),)
