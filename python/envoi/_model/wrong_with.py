"""`with` where `async with` is right, and the other way round: each says what to write."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

from envoi._model.errors import InvalidOption


class WrongWith:
    """Refuses both kinds of `with`; a subclass has one of its own.

    Type checkers do not see these methods, so that they complain as well.
    """

    if not TYPE_CHECKING:

        def __enter__(self) -> NoReturn:
            """Refuse."""
            raise InvalidOption(
                f"{type(self).__name__} is awaited: write `async with` for `with`, such as `async "
                "with envoi.AsyncSession() as session` and `async with await session.get(url, "
                "stream=True) as response`"
            )

        async def __aenter__(self) -> NoReturn:
            """Refuse."""
            raise InvalidOption(
                f"{type(self).__name__} is not awaited: write `with` for `async with`, or take an "
                "`envoi.AsyncSession`, whose requests and responses are: `async with "
                "envoi.AsyncSession() as session`"
            )

        __exit__ = __enter__
        __aexit__ = __aenter__
