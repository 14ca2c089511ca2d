"""What Envoi is, under requests' names."""

from __future__ import annotations

from typing import Final

from envoi._model.headers import __version__

__all__ = [
    "__author__",
    "__author_email__",
    "__build__",
    "__cake__",
    "__copyright__",
    "__description__",
    "__license__",
    "__requests_version__",
    "__title__",
    "__url__",
    "__version__",
]

__title__: Final = "envoi"
__description__: Final = "HTTP for Python: the requests interface, sync and async, fast"
__url__: Final = ""
__build__: Final = int(
    "".join(f"{int(part):02x}" for part in __version__.split(".")[:3] if part.isdigit()), 16
)
__author__: Final = "The Envoi developers"
__author_email__: Final = ""
__license__: Final = "Apache-2.0"
__copyright__: Final = "Copyright The Envoi developers"
__cake__: Final = "\u2728 \U0001f370 \u2728"
__requests_version__: Final = "2.34.2"
"""The version of requests whose interface this is."""
