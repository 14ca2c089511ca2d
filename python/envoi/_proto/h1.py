"""The door to the core's HTTP/1.1 machine (RFC 9112): the layers above know the core by this name
alone.
"""

from __future__ import annotations

from envoi._core import (
    FramingViolation,
    H1Machine,
    IncompleteHead,
    IncompleteMessage,
    InvalidHeaderError,
    InvalidMessage,
    InvalidMethodError,
    MessageTooLarge,
    ProtocolViolation,
    ResponseHead,
)

__all__ = [
    "FramingViolation",
    "H1Machine",
    "IncompleteHead",
    "IncompleteMessage",
    "InvalidHeaderError",
    "InvalidMessage",
    "InvalidMethodError",
    "MessageTooLarge",
    "ProtocolViolation",
    "ResponseHead",
]
