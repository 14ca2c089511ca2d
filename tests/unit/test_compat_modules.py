"""requests' other modules: compat, packages, certs, help, __version__."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from pathlib import Path
from unittest import mock

import pytest

import envoi
from envoi import certs, compat, packages, utils
from envoi import help as help_module
from envoi import structures as structures_module

LISTED = [compat, utils, certs, structures_module, help_module]


def python(*arguments: str) -> str:
    return subprocess.run(
        [sys.executable, *arguments], capture_output=True, text=True, timeout=50, check=True
    ).stdout


@pytest.mark.parametrize("module", LISTED, ids=lambda module: module.__name__)
def test_every_listed_name_is_there(module: object) -> None:
    assert [name for name in module.__all__ if not hasattr(module, name)] == []  # type: ignore[attr-defined]
    with pytest.raises(AttributeError, match="no_such_name"):
        module.no_such_name  # type: ignore[attr-defined]


def test_compat_has_the_standard_librarys_things() -> None:
    assert compat.urlparse is importlib.import_module("urllib.parse").urlparse
    assert compat.cookielib is importlib.import_module("http.cookiejar")
    assert compat.JSONDecodeError is json.JSONDecodeError
    assert (compat.is_py3, compat.str, compat.bytes, compat.basestring) == (
        True,
        str,
        bytes,
        (str, bytes),
    )


def test_importing_them_loads_nothing_slow() -> None:
    modules = "compat, packages, certs, help, utils, hooks, structures, _internal_utils"
    slow = (
        "http.cookiejar",
        "urllib.request",
        "certifi",
        "charset_normalizer",
        "urllib3",
        "ssl",
        "tempfile",
        "zipfile",
        "importlib.abc",
    )
    loaded = python(
        "-c",
        f"import sys\nfrom envoi import {modules}\nprint([name for name in {slow} if name in sys.modules])",
    )
    assert loaded == "[]\n"


def test_version_stays_text_when_its_module_is_imported() -> None:
    module = importlib.import_module("envoi.__version__")
    assert envoi.__version__ == module.__version__
    assert isinstance(envoi.__version__, str)
    assert module.__title__ == "envoi"
    assert isinstance(module.__build__, int)


def test_certificates_are_certifis() -> None:
    assert Path(certs.where()).is_file()
    assert certs.where() == utils.DEFAULT_CA_BUNDLE_PATH == python("-m", "envoi.certs").strip()


def test_packages_are_the_ones_that_are_installed() -> None:
    urllib3 = pytest.importorskip("urllib3")
    retry = importlib.import_module("envoi.packages.urllib3.util.retry")
    assert packages.urllib3 is urllib3
    assert retry is sys.modules["urllib3.util.retry"]
    assert retry.__spec__.name == "urllib3.util.retry"
    assert importlib.import_module("envoi.packages.chardet") is packages.chardet


@pytest.mark.parametrize("name", ["envoi.packages.none", "envoi.packages.urllib3.none"])
def test_packages_that_are_not_there_are_an_import_error(name: str) -> None:
    with pytest.raises(ModuleNotFoundError, match=name):
        importlib.import_module(name)


def test_package_that_is_not_installed_is_no_attribute() -> None:
    lost = "import sys; sys.modules['urllib3'] = None\nfrom envoi import packages\n"
    assert python("-c", lost + "print(hasattr(packages, 'urllib3'))") == "False\n"


def test_report_has_the_versions() -> None:
    report = help_module.info()
    assert report["envoi"]["version"] == envoi.__version__
    assert report["system_ssl"]["version"]
    assert json.loads(python("-m", "envoi.help")) == report


def test_report_without_a_package() -> None:
    with mock.patch("envoi.help.idna", new=None):
        assert help_module.info()["idna"] == {"version": ""}


def test_packages_are_found_below_requests_where_envoi_stands_for_it() -> None:
    pytest.importorskip("urllib3")
    program = "import sys, envoi.packages as p; sys.modules['requests'] = envoi; sys.modules['requests.packages'] = p\n"
    program += "from requests.packages.urllib3.exceptions import HTTPError\nimport urllib3; print(HTTPError is urllib3.exceptions.HTTPError)"
    assert python("-c", "import envoi\n" + program) == "True\n"


def test_modules_are_there_after_importing_envoi_alone() -> None:
    program = "import sys, envoi\nprint('envoi.utils' in sys.modules, envoi.utils.quote('a b'), envoi.compat.is_py3, hasattr(envoi, 'none'))"
    assert python("-c", program) == "False a%20b True False\n"
