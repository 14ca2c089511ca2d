"""Adapters, under requests' names: what a session sends requests with, by the beginning of their URLs."""

from __future__ import annotations

from typing import Final

from envoi._facade.adapters import BaseAdapter, HTTPAdapter
from envoi._facade.async_adapters import AsyncBaseAdapter, AsyncHTTPAdapter

__all__ = ["AsyncBaseAdapter", "AsyncHTTPAdapter", "BaseAdapter", "HTTPAdapter"]

DEFAULT_POOLBLOCK: Final = False
DEFAULT_POOLSIZE: Final = 10
DEFAULT_RETRIES: Final = 0
DEFAULT_POOL_TIMEOUT: Final = None
