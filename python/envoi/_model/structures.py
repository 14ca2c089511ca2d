"""Two kinds of dictionary that requests' users know."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, MutableMapping
from typing import Any, Generic, TypeVar, cast

from envoi._model.headers import Headers

_Value = TypeVar("_Value")


class CaseInsensitiveDict(MutableMapping[str, _Value], Generic[_Value]):
    """A dictionary that finds its keys in any case, and shows them as they were last set.

    Responses have `Headers`, which do the same for header fields; they count as instances, and
    compare equal.

    Args:
        data: a mapping or pairs to begin with.
        **more: more of them.

    Examples:
        >>> names = CaseInsensitiveDict({"Accept": "text/html"})
        >>> names["ACCEPT"], list(names)
        ('text/html', ['Accept'])
    """

    def __init__(
        self,
        data: Mapping[str, _Value] | Iterable[tuple[str, _Value]] | None = None,
        **more: _Value,
    ) -> None:
        self._store: dict[str, tuple[str, _Value]] = {}
        self.update(() if data is None else data, **more)

    def __setitem__(self, key: str, value: _Value) -> None:
        self._store[key.lower()] = (key, value)

    def __getitem__(self, key: str) -> _Value:
        return self._store[key.lower()][1]

    def __delitem__(self, key: str) -> None:
        del self._store[key.lower()]

    def __iter__(self) -> Iterator[str]:
        return iter([key for key, _ in self._store.values()])

    def __len__(self) -> int:
        return len(self._store)

    def lower_items(self) -> Iterator[tuple[str, _Value]]:
        """Keys in lower case, with their values."""
        return iter([(key, value) for key, (_, value) in self._store.items()])

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Mapping):
            return NotImplemented
        return dict(self.lower_items()) == dict(CaseInsensitiveDict(other).lower_items())

    __hash__ = None  # type: ignore[assignment] # it can be changed

    def copy(self) -> CaseInsensitiveDict[_Value]:
        """Another one with the same items."""
        return CaseInsensitiveDict(self._store.values())

    def __repr__(self) -> str:
        return repr(dict(self.items()))


CaseInsensitiveDict.register(Headers)


class LookupDict(dict[str, _Value]):
    """Names to values, by attribute and by item; an item that is not there is None.

    Args:
        name: what it is called when shown.
    """

    def __init__(self, name: Any = None) -> None:
        self.name = name
        super().__init__()

    def __getattr__(self, name: str) -> _Value:
        message = f"{type(self).__name__!r} object has no attribute {name!r}"
        raise AttributeError(message)

    def __getitem__(self, name: str) -> _Value | None:  # type: ignore[override] # None for what is missing, as in requests
        return cast("_Value | None", vars(self).get(name))

    def get(self, name: str, default: Any = None) -> Any:
        """The value with that name, or `default`."""
        return vars(self).get(name, default)

    def __repr__(self) -> str:
        return f"<lookup '{self.name}'>"
