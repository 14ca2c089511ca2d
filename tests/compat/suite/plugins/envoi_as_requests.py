"""A plugin for pytest that puts Envoi under requests' name. It has to be loaded with `-p`: before the plugins that are installed."""

from __future__ import annotations

import envoi

envoi.install_as_requests()
