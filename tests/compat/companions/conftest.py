"""These tests need packages that the project's environment does not have: `python tests/compat/companions` runs them in one of their own."""

from __future__ import annotations

collect_ignore_glob = ["test_*.py"]
