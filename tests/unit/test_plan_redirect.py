"""Where a redirect leads: methods, bodies, fragments, credentials (RFC 9110, section 15.4)."""

from __future__ import annotations

import pytest

from envoi._core import URL, URLError
from envoi._model.response import REDIRECT_STATUSES
from envoi._proto.plans.redirect import keeps_credentials, plan_redirect

METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "QUERY"]


def expected_method(status, method):
    """Requests' table: 303 and 302 become GET for all but HEAD, 301 for POST alone, 307 and 308 keep the method."""
    if status in {307, 308} or method == "HEAD":
        return method
    if status == 301:
        return "GET" if method == "POST" else method
    return "GET"


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("status", sorted(REDIRECT_STATUSES))
def test_method_of_the_next_request(status, method):
    assert plan_redirect(status, method, "/next", URL("http://a.test/")).method == expected_method(
        status, method
    )


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("status", sorted(REDIRECT_STATUSES))
def test_body_goes_along_where_the_method_stays_except_under_303(status, method):
    plan = plan_redirect(status, method, "/next", URL("http://a.test/"))
    assert plan.keep_body == (status != 303 and plan.method == method)


@pytest.mark.parametrize(
    ("origin", "location", "target"),
    [
        ("http://a.test/x/y?q#f", "z", "http://a.test/x/z#f"),
        ("http://a.test/x/y?q#f", "/z", "http://a.test/z#f"),
        ("http://a.test/x/y#f", "?p", "http://a.test/x/y?p#f"),
        ("http://a.test/x#f", "//b.test/z", "http://b.test/z#f"),
        ("https://a.test/x", "//b.test/z", "https://b.test/z"),
        ("http://a.test/x#f", "z#g", "http://a.test/z#g"),
        ("http://a.test/x#f", "z#", "http://a.test/z#"),
        ("http://a.test/x", "z#g", "http://a.test/z#g"),
        ("http://a.test/x", "../../z", "http://a.test/z"),
        ("http://a.test/x?y", "", "http://a.test/x?y"),
        ("http://a.test/x", "https://B.test", "https://b.test/"),
        ("http://a.test/x", "/\xc3\xa9", "http://a.test/%C3%A9"),
        ("http://a.test/x", "/\xe9", "http://a.test/%C3%A9"),
        ("http://a.test/x", "/a b", "http://a.test/a%20b"),
        ("http://u:p@a.test/x", "/z", "http://u:p@a.test/z"),
        ("http://u:p@a.test/x", "http://a.test/z", "http://a.test/z"),
        ("http://u:p@a.test/x", "//b.test/z", "http://b.test/z"),
        ("http://a.test/x", "http://u:p@a.test/z", "http://a.test/z"),
        ("http://a.test/x", "http://u:p@b.test/z", "http://b.test/z"),
        ("http://u:p@a.test/x", "http://u:p@b.test/z", "http://b.test/z"),
    ],
)
def test_target(origin, location, target):
    assert str(plan_redirect(302, "GET", location, URL(origin)).url) == target


@pytest.mark.parametrize(
    "location", ["http://", "http://a.test:99999/", "http://a b/", "http://[::1/"]
)
def test_location_that_is_no_url(location):
    with pytest.raises(URLError):
        plan_redirect(302, "GET", location, URL("http://a.test/"))


@pytest.mark.parametrize(
    ("origin", "target", "kept"),
    [
        ("http://a.test/", "http://a.test/other", True),
        ("http://a.test/", "http://A.TEST:80/", True),
        ("https://a.test:443/", "https://a.test/", True),
        ("http://a.test/", "https://a.test/", True),
        ("http://a.test:80/", "https://a.test:443/", True),
        ("http://a.test:8080/", "https://a.test/", False),
        ("http://a.test/", "https://a.test:8443/", False),
        ("http://a.test:8080/", "https://a.test:8443/", False),
        ("https://a.test/", "http://a.test/", False),
        ("https://a.test:80/", "http://a.test:443/", False),
        ("http://a.test:443/", "https://a.test:443/", False),
        ("http://a.test/", "http://a.test:8080/", False),
        ("http://a.test/", "http://b.test/", False),
        ("http://a.test/", "https://b.test/", False),
        ("http://a.test/", "http://sub.a.test/", False),
        ("http://sub.a.test/", "http://a.test/", False),
        ("http://a.test/", "http://a.test.evil.test/", False),
        ("http://[::1]/", "http://[0:0:0:0:0:0:0:1]/", True),
        ("http://a.test/", "http://user:pass@a.test/", True),
    ],
)
def test_credentials_stay_within_the_origin(origin, target, kept):
    assert keeps_credentials(URL(origin), URL(target)) is kept
    assert plan_redirect(307, "GET", target, URL(origin)).keep_credentials is kept
