"""Envoi under requests' name, for packages that import `requests` themselves."""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any, Final

from envoi._model.exceptions import AlreadyImported
from envoi._responses.response import Response
from envoi._responses.urllib3_response import raw_in_place_of_ours

MODULES: Final = (
    "__version__",
    "_internal_utils",
    "adapters",
    "api",
    "auth",
    "certs",
    "compat",
    "cookies",
    "exceptions",
    "help",
    "hooks",
    "models",
    "packages",
    "sessions",
    "status_codes",
    "structures",
    "utils",
)
"""requests' modules."""


def install_as_requests() -> None:
    """Have `import requests`, and `import requests.adapters` and so on, give Envoi, for the rest of
    the process.

    To be called before anything imports requests. Packages that depend on requests, and their
    dependants, then send their requests with Envoi, on whose classes they may build and which they
    may patch: `requests.Session is envoi.Session`. `requests.__version__` says which version of
    requests it stands for. Where urllib3 is installed, `Response.raw` is one of its responses from
    then on, for those who look into it. Calling it again does nothing.

    Raises:
        AlreadyImported: the other requests is imported already.

    Examples:
        `import envoi; envoi.install_as_requests()` at the top of a program; or `python -m
        envoi.as_requests program.py`.
    """
    there = sys.modules.get("requests")
    if there is not None:
        if isinstance(there, _Alias):
            return
        raise AlreadyImported(
            f"requests is imported already, from {getattr(there, '__file__', None)!r}; call "
            "install_as_requests() before anything does"
        )
    alias = _Alias()
    sys.modules["requests"] = alias
    for name in MODULES:
        module = import_module(f"envoi.{name}")
        sys.modules[f"requests.{name}"] = module
        if name != "__version__":
            setattr(alias, name, module)
    Response._make_raw = staticmethod(raw_in_place_of_ours)


class _Alias(ModuleType):
    """The module `requests`. It has the names of `envoi`, and requests' version."""

    def __init__(self) -> None:
        super().__init__("requests", "Envoi, under requests' name.")
        version = import_module("envoi.__version__")
        self.__path__: list[str] = []
        self.__spec__ = ModuleSpec("requests", None, is_package=True)
        self.__version__ = version.__requests_version__
        self.__build__ = int(
            "".join(f"{int(part):02x}" for part in self.__version__.split(".")), 16
        )
        self.__file__ = import_module("envoi").__file__
        for name in (
            "__author__",
            "__author_email__",
            "__cake__",
            "__copyright__",
            "__description__",
            "__license__",
            "__title__",
            "__url__",
        ):
            setattr(self, name, getattr(version, name))
        self.__title__ = "requests"
        # For programs that look into the module's dictionary.
        envoi = import_module("envoi")
        self.__dict__.update(
            {name: getattr(envoi, name) for name in envoi.__all__ if name != "__version__"}
        )

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        if name == "urllib3":
            return getattr(import_module("envoi.packages"), name)
        return getattr(import_module("envoi"), name)

    def __dir__(self) -> list[str]:
        return sorted({*self.__dict__, *import_module("envoi").__all__})
