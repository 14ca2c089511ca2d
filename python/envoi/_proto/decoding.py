"""The door to the core's content decoders (RFC 9110, section 8.4)."""

from __future__ import annotations

from envoi._core import DecodeError, Decoder

__all__ = ["DecodeError", "Decoder"]
