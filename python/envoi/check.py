"""`python -m envoi.check PATH …` lists what in a code base will behave differently once
`import requests` is `import envoi`. It reads sources, and runs nothing.
"""

from __future__ import annotations

import envoi as _envoi  # noqa: F401 - first, for threads: see `envoi/__init__.py`
from envoi._check.command import main

__all__ = ["main"]

if __name__ == "__main__":
    raise SystemExit(main())
