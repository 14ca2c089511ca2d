"""What `requests.packages` gives: urllib3, idna and chardet as installed, also by imports such as
`envoi.packages.urllib3.util`.

Envoi uses none of them: what is set in urllib3 has no effect on it, and a name whose package is not
installed is not there. In place of chardet there may be charset_normalizer, as in requests.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import envoi as _envoi  # noqa: F401 - first, for threads: see `envoi/__init__.py`
from envoi._model.aliases import alias_packages
from envoi._model.lazy import lazy_names

if TYPE_CHECKING:
    from types import ModuleType

    chardet: ModuleType
    idna: ModuleType
    urllib3: ModuleType
else:
    _INSTALLED = {
        "urllib3": "urllib3",
        "idna": "idna",
        "chardet": "chardet|charset_normalizer",
        "charset_normalizer": "charset_normalizer",
    }
    # Makes a package of this module, whose parts are not found in a folder.
    __path__ = []
    __getattr__ = lazy_names("envoi.packages", _INSTALLED)
    alias_packages(("envoi.packages", "requests.packages"), _INSTALLED)
