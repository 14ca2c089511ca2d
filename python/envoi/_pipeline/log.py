"""A line for each exchange on the `envoi` logger, at DEBUG: nothing at all unless somebody
listens.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from logging import Logger

    from envoi._model.prepared import PreparedRequest
    from envoi._pipeline.reply import Reply

_DEBUG: Final = 10
_known: dict[str, Logger] = {}


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


def log_exchange(logger: Logger, request: PreparedRequest, reply: Reply) -> None:
    """Tell of one exchange: no headers, no user, password or query of the URL, where secrets
    travel.
    """
    url = request.parsed_url
    trace = reply.trace
    taken = 0.0 if trace is None else (trace.headed - trace.started) * 1000
    reused = trace is not None and trace.reused
    logger.debug(
        "%s %s%s%s -> %d in %.1f ms over a %s connection",
        request.method,
        url.origin,
        url.path,
        "?…" if url.query else "",
        reply.status_code,
        taken,
        "reused" if reused else "new",
    )
