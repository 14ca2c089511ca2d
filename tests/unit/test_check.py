"""`python -m envoi.check`: what it finds, what it leaves alone, and what it prints."""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from envoi._check.command import check_file, main
from envoi._check.rules import BREAKS, DIFFERS, NOTE, RULES

ROOT = Path(__file__).resolve().parents[2]


def found(tmp_path: Path, source: str, *, notes: bool = False) -> list[tuple[int, str]]:
    path = tmp_path / "program.py"
    path.write_text(textwrap.dedent(source), encoding="utf-8")
    return [
        (one.line, one.rule)
        for one in sorted(check_file(path))
        if notes or RULES[one.rule].kind != NOTE
    ]


CASES = {
    "auth=None": (
        "import requests\nrequests.get(url, auth=None, timeout=1)",
        [(2, "none-is-off")],
    ),
    "handed on": (
        """\
        from requests import Session
        def fetch(url, auth=None, proxies=None, *, timeout=None):
            with Session() as session:
                return session.get(url, auth=auth, proxies=proxies, timeout=timeout)
        """,
        [(4, "none-is-off"), (4, "none-is-off")],
    ),
    "handed on, but set before": (
        """\
        import requests
        def fetch(url, auth=None):
            if auth is None:
                auth = ("me", "secret")
            return requests.get(url, auth=auth)
        """,
        [],
    ),
    "single bytes": (
        """\
        import requests as http
        response = http.get(url, stream=True)
        for piece in response.iter_content():
            pass
        for piece in response:
            pass
        for piece in response.iter_content(1024):
            pass
        """,
        [(3, "piece-size"), (5, "piece-size")],
    ),
    "a response by its annotation": (
        "import requests\ndef read(response: requests.Response):\n    return response.raw._fp",
        [(3, "raw-inside")],
    ),
    "a quoted annotation": (
        "import requests\ndef f(r: 'requests.Response | None'):\n    return r.raw.data, r.raw.read(1)",
        [(3, "raw-inside")],
    ),
    "connection error alone": (
        """\
        import requests
        from requests.exceptions import ConnectionError as Broken, Timeout
        try:
            requests.get(url)
        except Broken:
            pass
        try:
            requests.get(url)
        except (Broken, Timeout):
            pass
        try:
            requests.get(url)
        except requests.ConnectionError:
            pass
        except requests.RequestException:
            pass
        """,
        [(5, "read-timeout")],
    ),
    "the builtin connection error": (
        "import requests\ntry:\n    requests.get(url)\nexcept ConnectionError:\n    pass",
        [],
    ),
    "urllib3's exceptions": (
        """\
        import urllib3.exceptions
        from requests.packages.urllib3.exceptions import MaxRetryError
        try:
            fetch()
        except urllib3.exceptions.ProtocolError:
            pass
        except MaxRetryError as error:
            print(error.args[0].reason)
        """,
        [(5, "urllib3-exception"), (7, "urllib3-exception"), (8, "error-inside")],
    ),
    "names that are not there": (
        """\
        import requests
        from requests.adapters import HTTPAdapter, no_such_name
        requests.adapters.nothing_like_it
        requests.codes.ok, requests.utils.quote, requests.exceptions.Timeout
        import requests.packages.urllib3.util
        """,
        [(2, "no-such-name"), (3, "no-such-name")],
    ),
    "wrong arguments": (
        "import requests\nrequests.post(url, data=0, auth=False, json=0, verify=False, proxies='')",
        [(2, "wrong-argument")] * 3,
    ),
    "used after it was closed": (
        """\
        import requests
        def fetch():
            with requests.Session() as session:
                session.get(url)
            session.get(url)
        def again():
            with requests.Session() as session:
                session.get(url)
            with requests.Session() as session:
                session.get(url)
            session = requests.Session()
            session.get(url)
        """,
        [(5, "closed-session")],
    ),
    "a pool manager": (
        """\
        from requests.adapters import HTTPAdapter
        class Mine(HTTPAdapter):
            def send(self, request, **options):
                self.poolmanager.clear()
                return super().send(request, **options)
            def proxy_manager_for(self, proxy):
                pass
        """,
        [(4, "pool-manager"), (6, "pool-manager")],
    ),
    "a request's authorization": (
        """\
        import requests
        class Client:
            def __init__(self):
                self.session = requests.Session()
                self.session.auth = ("me", "secret")
            def fetch(self):
                self.session.get(url, headers={"Authorization": "Bearer x"})
                self.session.get(url, headers={"Accept": "*/*"})
        """,
        [(7, "authorization-first")],
    ),
    "a proxy's authorization": (
        """\
        import requests
        from requests.auth import HTTPProxyAuth
        requests.get(url, headers={"proxy-authorization": "Basic x"})
        session = requests.Session()
        session.headers["Proxy-Authorization"] = "Basic x"
        requests.get(url, auth=HTTPProxyAuth("me", "secret"))
        """,
        [(3, "proxy-authorization"), (5, "proxy-authorization"), (6, "proxy-authorization")],
    ),
    "patches": (
        """\
        from unittest import mock
        import http.client
        mock.patch("requests.sessions.Session.request")
        mock.patch("urllib3.connectionpool.HTTPConnectionPool.urlopen")
        mock.patch.object(http.client.HTTPConnection, "request")
        mock.patch("mine.requests.get")
        def test(monkeypatch):
            monkeypatch.setattr("requests.get", None)
        """,
        [
            (3, "patched-by-name"),
            (4, "patched-below"),
            (5, "patched-below"),
            (8, "patched-by-name"),
        ],
    ),
    "packages": (
        "import responses, vcr\nfrom google.auth.transport.requests import Request, AuthorizedSession\nimport json",
        [(1, "imports-requests"), (1, "patched-below"), (2, "imports-requests")],
    ),
    "logs and names": (
        """\
        import logging, http.client
        logging.getLogger("urllib3.connectionpool").setLevel("INFO")
        http.client.HTTPConnection.debuglevel = 1
        logging.getLogger("requests_of_mine")
        def fetch():
            "A docstring may say python-requests."
            assert agent.startswith("python-requests/")
        """,
        [(2, "logger"), (3, "logger"), (7, "user-agent")],
    ),
    "another get": (
        """\
        import requests
        from .requests import get
        get(url, auth=None)
        {}.get("auth", None)
        settings.get(auth=None)
        """,
        [],
    ),
    "a name that means something else inside": (
        """\
        import requests
        session = requests.Session()
        def other(session):
            session.get(url, auth=None)
        session.get(url, auth=None)
        """,
        [(5, "none-is-off")],
    ),
    "a class of one's own": (
        """\
        import requests
        class Api(requests.Session):
            def fetch(self, url):
                return self.get(url, auth=None)
        api = Api()
        async def go():
            return api.request("GET", url, proxies=None)
        """,
        [(4, "none-is-off"), (7, "none-is-off")],
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_finds_what_will_behave_differently(tmp_path, name):
    source, expected = CASES[name]
    assert found(tmp_path, source) == expected


def test_notes_are_what_matters_to_some(tmp_path):
    source = """\
        import certifi, httpx, requests, urllib3
        from requests.adapters import HTTPAdapter
        from urllib3.util.retry import Retry
        session = requests.Session()
        session.verify = "/etc/bundle.pem"
        session.headers["Accept"] = None
        session.mount("https://", HTTPAdapter(pool_maxsize=10))
        session.post(url, data=(piece for piece in pieces), timeout=3)
        session.get(url, **options)
        session.get(url)
        urllib3.disable_warnings()
        response.iter_content(10)
        """
    assert found(tmp_path, source, notes=True) == [
        (1, "uses-httpx"),
        (1, "uses-urllib3"),
        (5, "own-verify"),
        (6, "header-none"),
        (7, "pool-size"),
        (8, "sent-once"),
        (10, "default-timeout"),
        (11, "no-warning"),
        (12, "at-most"),
    ]
    assert found(tmp_path, source) == []


def test_every_rule_is_met_by_a_test_says_what_to_do_and_names_a_page():
    met = {rule for _, expected in CASES.values() for _, rule in expected}
    assert met == {name for name, rule in RULES.items() if rule.kind != NOTE}
    for rule in RULES.values():
        assert rule.kind in {BREAKS, DIFFERS, NOTE}
        assert rule.what
        assert rule.todo
        assert (ROOT / "docs" / rule.page).is_file()


def test_status_and_text(tmp_path, capsys):
    (tmp_path / "good.py").write_text("import requests\nrequests.get('https://example.com/')\n")
    assert main([str(tmp_path)]) == 0
    assert capsys.readouterr().out == (
        "0 places will not work, 0 places will behave differently, in 1 file;"
        " 1 more may matter to you: --notes lists them.\n"
    )
    bad = tmp_path / "bad.py"
    bad.write_text("import requests\nrequests.get(url, auth=None)\n")
    assert main([str(tmp_path)]) == 1
    first, second, *_, todo, summary = capsys.readouterr().out.splitlines()
    assert first == f"{bad}:2:1: none-is-off: auth=None"
    assert second.startswith("    None switches this off")
    assert todo == "    => hand the argument on only where one was given"
    assert summary.startswith("0 places will not work, 1 place will behave differently, in 2 files")
    assert main(["--ignore", "none-is-off", str(tmp_path)]) == 0
    assert main(["--notes", "--ignore", "none-is-off", str(tmp_path)]) == 0
    assert "default-timeout" in capsys.readouterr().out


def test_json(tmp_path, capsys):
    path = tmp_path / "bad.py"
    path.write_text("import requests\nrequests.get(url, proxies=None, timeout=3)\n")
    assert main(["--json", str(path), str(tmp_path)]) == 1
    told = json.loads(capsys.readouterr().out)
    assert (told["version"], told["files"], told["failures"]) == (1, 1, [])
    (one,) = told["findings"]
    assert one == {
        "path": str(path),
        "line": 2,
        "column": 1,
        "rule": "none-is-off",
        "kind": "differs",
        "code": "proxies=None",
        "what": RULES["none-is-off"].what,
        "todo": RULES["none-is-off"].todo,
        "page": "migrating/from-requests.md",
    }


def test_what_cannot_be_read_is_said_and_the_rest_is_checked(tmp_path, capsys):
    (tmp_path / "broken.py").write_text("def (")
    (tmp_path / "latin.py").write_bytes(b"# \xff\n")
    (tmp_path / "nul.py").write_bytes(b"x = 1\0")
    (tmp_path / "bad.py").write_text("import requests\nrequests.get(url, auth=None)\n")
    assert main([str(tmp_path), str(tmp_path / "absent")]) == 2
    printed = capsys.readouterr()
    assert "none-is-off" in printed.out
    for name in ("broken.py", "latin.py", "nul.py", "absent"):
        assert name in printed.err
    assert main(["--ignore", "no-such-rule", str(tmp_path)]) == 2
    assert "There is no rule 'no-such-rule'" in capsys.readouterr().err


def test_what_was_installed_or_is_hidden_is_left_alone(tmp_path, capsys):
    for folder in ("env", ".hidden", "node_modules", "mine"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "one.py").write_text("import requests\nrequests.get(u, auth=None)\n")
    (tmp_path / "env" / "pyvenv.cfg").touch()
    (tmp_path / "mine" / "loop").symlink_to(tmp_path, target_is_directory=True)
    assert main([str(tmp_path)]) == 1
    assert "in 1 file" in capsys.readouterr().out


def test_it_runs_as_a_module_and_runs_nothing(tmp_path):
    (tmp_path / "one.py").write_text("import requests\nraise SystemExit('it was run')\n")
    done = subprocess.run(
        [sys.executable, "-m", "envoi.check", str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
