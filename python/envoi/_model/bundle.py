"""Where certifi's bundle of certificate authorities is; imported when that is asked for."""

from __future__ import annotations

from typing import Final

import certifi

PATH: Final[str] = certifi.where()
