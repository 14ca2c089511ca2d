"""Facts about the installation, for bug reports."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from envoi._model.headers import __version__

if TYPE_CHECKING:
    from collections.abc import Callable


def report_about(module: str, requests_version: str) -> Callable[[], dict[str, Any]]:
    """The function `help.info`.

    Args:
        module: the name of the module that has, by their names, the packages to ask for their
            versions.
        requests_version: the version of requests whose interface this is.
    """

    def info() -> dict[str, Any]:
        """Versions of the platform, of Python, of OpenSSL and of the packages around Envoi; ready
        for `json.dumps`.
        """
        import platform

        def installed(name: str) -> Any:
            return getattr(sys.modules[module], name, None)

        openssl = installed("OpenSSL")
        return {
            "platform": {"system": platform.system(), "release": platform.release()},
            "implementation": {
                "name": platform.python_implementation(),
                "version": platform.python_version(),
            },
            "system_ssl": {
                "version": f"{number:x}"
                if (number := getattr(installed("ssl"), "OPENSSL_VERSION_NUMBER", None))
                else ""
            },
            "using_pyopenssl": False,
            "using_charset_normalizer": installed("chardet") is None,
            "pyOpenSSL": {
                "version": _version(openssl, None),
                "openssl_version": ""
                if openssl is None
                else f"{openssl.SSL.OPENSSL_VERSION_NUMBER:x}",
            },
            "urllib3": {"version": _version(installed("urllib3"), None)},
            "chardet": {"version": _version(installed("chardet"), None)},
            "charset_normalizer": {"version": _version(installed("charset_normalizer"), None)},
            "cryptography": {"version": _version(installed("cryptography"), "")},
            "idna": {"version": _version(installed("idna"), "")},
            "requests": {"version": requests_version},
            "envoi": {"version": __version__},
        }

    return info


def print_report(report: dict[str, Any]) -> None:
    """Write it out as JSON."""
    import json

    sys.stdout.write(json.dumps(report, sort_keys=True, indent=2) + "\n")


def _version(package: Any, missing: str | None) -> str | None:
    version: str | None = getattr(package, "__version__", missing)
    return version
