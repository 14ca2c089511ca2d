"""The jar beside a naive store that does, step by step, what RFC 6265bis says in sections 5.6 to 5.8: any sequence of replies leaves both with the same."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from envoi._core import Headers
from envoi._model import cookie_store
from envoi._model.cookies import CookieHolder
from envoi._model.url import parse_url

BEGIN = 1_700_000_000
PUBLIC = {"com", "uk", "co.uk", "github.io", "io", "localhost", "test"}
URLS = [
    f"{scheme}://{host}{path}"
    for scheme in ("http", "https")
    for host in ("a.test", "b.a.test", "c.b.a.test", "me.github.io", "localhost", "10.0.0.1")
    for path in ("/", "/x", "/x/", "/x/y", "/x/y/z?/q")
]
NAMES = ["a", "b", "", "__Host-a", "__secure-b", "=", " a ", "foo\t"]
VALUES = ["1", "2", "", '"q"', "x=y", " s ", "__Host-x"]
ATTRIBUTES = [
    *(f"Domain={domain}" for domain in ("", "a.test", ".A.test", "b.a.test", "test", "github.io", "me.github.io", "localhost", "10.0.0.1", "0.0.1", "..a.test", "a.test.")),
    *(f"Path={path}" for path in ("", "/", "/x", "/x/", "/x/y", "x", '"/"')),
    *(f"Max-Age={age}" for age in ("", "0", "-1", "5", "30", "x", "9" * 30, "-")),
    *(f"Expires={date}" for date in ("Thu, 01-Jan-70 00:00:01 GMT", "Fri, 01 Jan 2100 00:00:00 GMT", "soon")),
    "Secure", "secure=no", "HttpOnly", "SameSite=Lax", "", "=", "Version=1", " domain = a.test ",
]  # fmt: skip


def attributes_of(attributes: str, now: int) -> dict[str, Any]:
    """Sections 5.6.1 to 5.6.4: of each attribute that means something, the last."""
    said: list[tuple[str, Any]] = []
    for attribute in attributes.split(";"):
        key, _, text = attribute.partition("=")
        key, text = key.strip(" \t").lower(), text.strip(" \t")
        if key == "max-age":
            if text[:1].isdigit() or (text[:1] == "-" and text[1:2].isdigit()):
                if text[1:].isdigit() or len(text) == 1:
                    age = min(int(text), 400 * 86400)
                    said.append((key, now + age if age > 0 else 0))
        elif key == "expires":
            known = {"T": 1, "F": now + 400 * 86400}
            if text[0] in known:
                said.append((key, known[text[0]]))
        else:
            said.append((key, text))
    return dict(said)


class Naive:
    """A list of cookies."""

    def __init__(self) -> None:
        self.cookies: list[dict[str, Any]] = []

    def receive(self, url: str, field: str, now: int) -> None:
        scheme, _, rest = url.partition("://")
        host, slash, path = rest.partition("/")
        path = (slash + path).partition("?")[0]
        pair, _, attributes = field.partition(";")
        name, value = pair.split("=", 1) if "=" in pair else ("", pair)
        name, value = name.strip(" \t"), value.strip(" \t")
        last = attributes_of(attributes, now) if attributes else {}
        domain = last.get("domain", "").lower()
        domain = domain[1:] if domain.startswith(".") else domain
        if not name and not value:
            return
        if domain in PUBLIC:
            if domain != host:
                return
            domain = ""
        if domain and not self.domain_matches(host, domain):
            return
        cookie = {
            "name": name, "value": value, "host_only": not domain, "domain": domain or host,
            "path": last["path"] if last.get("path", "").startswith("/") else path[: path.rindex("/")] or "/",
            "secure": "secure" in last, "expires": last.get("max-age", last.get("expires")),
        }  # fmt: skip
        self.expire(now)
        if cookie["secure"] and scheme == "http":
            return
        if scheme == "http" and any(
            old["name"] == name and old["secure"]
            and (self.domain_matches(old["domain"], cookie["domain"]) or self.domain_matches(cookie["domain"], old["domain"]))
            and self.path_matches(cookie["path"], old["path"])
            for old in self.cookies
        ):  # fmt: skip
            return
        lowered = (name or value).lower()
        if lowered.startswith(("__host-", "__secure-")):
            for_host = not lowered.startswith("__host-") or (
                cookie["host_only"] and "path" in last and cookie["path"] == "/"
            )
            if not name or not cookie["secure"] or not for_host:
                return
        identity = ("name", "domain", "host_only", "path")
        for place, old in enumerate(self.cookies):
            if all(old[each] == cookie[each] for each in identity):
                self.cookies[place] = cookie
                break
        else:
            self.cookies.append(cookie)
        self.expire(now)

    def send(self, url: str, now: int) -> str | None:
        self.expire(now)
        scheme, _, rest = url.partition("://")
        host, slash, path = rest.partition("/")
        path = (slash + path).partition("?")[0]
        found = [
            cookie
            for cookie in self.cookies
            if (
                host == cookie["domain"]
                if cookie["host_only"]
                else self.domain_matches(host, cookie["domain"])
            )
            and self.path_matches(path, cookie["path"])
            and (scheme == "https" or not cookie["secure"])
        ]
        found.sort(key=lambda cookie: -len(cookie["path"]))
        return (
            "; ".join(
                f"{each['name']}={each['value']}" if each["name"] else each["value"]
                for each in found
            )
            or None
        )

    def expire(self, now: int) -> None:
        self.cookies = [
            each for each in self.cookies if each["expires"] is None or each["expires"] > now
        ]

    @staticmethod
    def domain_matches(host: str, domain: str) -> bool:
        is_address = host.replace(".", "").isdigit()
        return host == domain or (not is_address and host.endswith("." + domain))

    @staticmethod
    def path_matches(path: str, cookie: str) -> bool:
        return path == cookie or (
            path.startswith(cookie) and (cookie.endswith("/") or path[len(cookie)] == "/")
        )


FIELDS = st.builds(
    lambda name, equals, value, attributes: ";".join([name + equals + value, *attributes]),
    st.sampled_from(NAMES), st.sampled_from(["=", "=", "=", ""]), st.sampled_from(VALUES),
    st.lists(st.sampled_from(ATTRIBUTES), max_size=4),
)  # fmt: skip
STEPS = st.tuples(st.sampled_from(URLS), st.lists(FIELDS, max_size=4), st.integers(0, 10))


@settings(max_examples=300)
@given(st.lists(STEPS, max_size=12))
def test_any_replies_leave_what_the_specification_says(
    steps: list[tuple[str, list[str], int]],
) -> None:
    holder, naive, now = CookieHolder(), Naive(), BEGIN
    with pytest.MonkeyPatch.context() as patch:
        for url, fields, seconds in steps:
            now += seconds
            patch.setattr(cookie_store, "seconds_now", lambda now=now: now)
            holder.extract(parse_url(url), Headers([("Set-Cookie", field) for field in fields]))
            for field in fields:
                naive.receive(url, field, now)
            for asked in URLS:
                assert holder.header_for(parse_url(asked)) == naive.send(asked, now), asked
