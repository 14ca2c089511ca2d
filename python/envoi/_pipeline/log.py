"""A line for each attempt on the `envoi` logger, at DEBUG: what it came to, or why it failed.
Nothing at all unless somebody listens.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final

from envoi._model.exceptions import (
    CertificateError,
    ConnectionRefused,
    IncompleteBody,
    NameResolutionError,
    Timeout,
)
from envoi._proto.h1 import IncompleteMessage

if TYPE_CHECKING:
    from logging import Logger

    from envoi._model.prepared import PreparedRequest
    from envoi._model.trace import Trace

_DEBUG: Final = 10
_known: dict[str, Logger] = {}
_WORDS: Final[tuple[tuple[type[Exception], str], ...]] = (
    (ConnectionRefused, "refused"),
    (Timeout, "timed out"),
    (CertificateError, "untrusted"),
    (NameResolutionError, "name not found"),
    (IncompleteBody, "cut short"),
    (IncompleteMessage, "closed by the server"),
)
"""Why an attempt failed, in a word that can be looked for."""


def listening() -> Logger | None:
    """The logger, when it is turned on. `logging` is slow to import, and a program that has not
    done so listens to nothing.
    """
    logger = _known.get("envoi")
    if logger is None:
        logging = sys.modules.get("logging")
        if logging is None or not hasattr(logging, "getLogger"):
            return None
        logger = _known["envoi"] = logging.getLogger("envoi")
    return logger if logger.isEnabledFor(_DEBUG) else None


def log_exchange(logger: Logger, request: PreparedRequest, status: int, trace: Trace) -> None:
    """Tell of one exchange: no headers, no user, password or query of the URL, where secrets
    travel.
    """
    logger.debug(
        "%s -> %d in %.1f ms over a %s connection",
        _shown(request),
        status,
        (trace.headed - trace.started) * 1000,
        "reused" if trace.reused else "new",
    )
    if trace.repaired:
        logger.debug("%s: the answer was repaired: %s", _shown(request), ", ".join(trace.repaired))


def log_failure(
    request: PreparedRequest, error: Exception, phase: str, *, again: str | None = None
) -> None:
    """Tell of one attempt that failed: in which phase, and why; and whether it is made again.

    Args:
        request: what was to be sent.
        error: what is, or would be, raised.
        phase: such as "connect".
        again: how it is made again; None where the error is raised.
    """
    logger = listening()
    if logger is None:
        return
    if again is None:
        logger.debug(
            "%s failed, phase %s: %s: %s", _shown(request), phase, _kind(error), _on_a_line(error)
        )
    else:
        logger.debug(
            "%s failed, phase %s: %s: %s; resent %s",
            _shown(request),
            phase,
            _kind(error),
            _on_a_line(error),
            again,
        )


def _shown(request: PreparedRequest) -> str:
    url = request.parsed_url
    return f"{request.method} {url.origin}{url.path}{'?…' if url.query else ''}"


def _kind(error: Exception) -> str:
    found = (word for kind, word in _WORDS if isinstance(error, kind))
    return next(found, type(error).__name__)


def _on_a_line(error: Exception) -> str:
    """The message, in which a peer may have a word: it begins no line of its own."""
    return "".join(one if one.isprintable() else repr(one)[1:-1] for one in str(error))
