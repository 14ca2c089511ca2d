"""The door to the core's HTTP/1.1 machine (RFC 9112): layers above import it from here."""

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
