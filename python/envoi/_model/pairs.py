"""Conversions between mappings and lists of pairs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections import OrderedDict


def dict_to_sequence(d: Any) -> Iterable[tuple[Any, Any]]:
    """A mapping's items; anything else as it is.

    Args:
        d: a mapping or pairs.
    """
    items: Iterable[tuple[Any, Any]] = d.items() if hasattr(d, "items") else d
    return items


def from_key_val_list(value: Any) -> OrderedDict[Any, Any] | None:
    """An ordered dictionary; None for None.

    Args:
        value: a mapping or pairs.

    Raises:
        ValueError: text, bytes, a number or a truth value.
    """
    if value is None:
        return None
    from collections import OrderedDict

    _refuse_scalars(value)
    return OrderedDict(value)


def to_key_val_list(value: Any) -> list[tuple[Any, Any]] | None:
    """A list of pairs; None for None.

    Args:
        value: a mapping or pairs.

    Raises:
        ValueError: text, bytes, a number or a truth value.
    """
    if value is None:
        return None
    _refuse_scalars(value)
    return list(dict_to_sequence(value))


def _refuse_scalars(value: object) -> None:
    if isinstance(value, (str, bytes, int)):
        message = "cannot encode objects that are not 2-tuples"
        raise ValueError(message)  # noqa: TRY004 - requests' kind
