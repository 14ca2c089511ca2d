"""`info()`, for bug reports: `python -m envoi.help` prints it. Under "requests" it has the version
whose interface this is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import envoi as _envoi  # noqa: F401 - first, for threads: see `envoi/__init__.py`
from envoi.__version__ import __requests_version__ as _requests_version
from envoi._model.installation import print_report as _print_report
from envoi._model.installation import report_about as _report_about
from envoi._model.lazy import lazy_names as _lazy_names

if TYPE_CHECKING:
    from collections.abc import Callable
else:
    _ASKED = ("OpenSSL", "chardet", "charset_normalizer", "cryptography", "idna", "ssl", "urllib3")
    __getattr__ = _lazy_names(__name__, {name: name for name in _ASKED})

__all__ = ["info"]

info: Callable[[], dict[str, Any]] = _report_about(__name__, _requests_version)

if __name__ == "__main__":
    _print_report(info())
