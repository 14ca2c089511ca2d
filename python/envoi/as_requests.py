"""`python -m envoi.as_requests script.py …` runs a program with Envoi in the place of requests; `-m
module …` and `-c code …` too.
"""

from __future__ import annotations

import envoi as _envoi  # noqa: F401 - first, for threads: see `envoi/__init__.py`
from envoi._requests.install import install_as_requests
from envoi._requests.run import main

__all__ = ["install_as_requests", "main"]

if __name__ == "__main__":
    main()
