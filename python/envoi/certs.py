"""Where certifi's bundle of certificate authorities is. `verify=certs.where()` trusts it rather
than the system's store.

`python -m envoi.certs` prints the path.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import envoi as _envoi  # noqa: F401 - first, for threads: see `envoi/__init__.py`
from envoi._model.lazy import lazy_names

if TYPE_CHECKING:
    from certifi import contents, where
else:
    __getattr__ = lazy_names(
        "envoi.certs", {"where": "certifi:where", "contents": "certifi:contents"}
    )

__all__ = ["contents", "where"]

if __name__ == "__main__":
    from certifi import where as _where

    print(_where())  # noqa: T201 - what the command is for
