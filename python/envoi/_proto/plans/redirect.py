"""The next request of a redirect, and what it keeps of the one before (RFC 9110, section 15.4)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from envoi._core import URL

BODY_HEADERS: Final = (
    "Content-Length",
    "Content-Type",
    "Content-Encoding",
    "Content-Language",
    "Content-Location",
    "Transfer-Encoding",
    "Expect",
)
"""Fields that describe a body, and go with it."""

SENSITIVE_HEADERS: Final = ("Authorization", "Cookie", "Proxy-Authorization")
"""Fields that belong to one origin."""


class Redirect(NamedTuple):
    """The next request of a redirect.

    Attributes:
        url: where to.
        method: with which method.
        keep_body: whether the body goes along.
        keep_credentials: whether credentials may go along.
    """

    url: URL
    method: str
    keep_body: bool
    keep_credentials: bool


def plan_redirect(status: int, method: str, location: str, url: URL) -> Redirect:
    """Decide how a redirect is followed.

    Args:
        status: of a response that `is_redirect`: 301, 302, 303, 307 or 308.
        method: the method of the request that was answered.
        location: the Location field's value.
        url: the URL of the request that was answered.

    Raises:
        envoi._core.URLError: when `location` is no URL.
    """
    target = url.join(as_utf8(location))
    if target.fragment is None and url.fragment is not None:
        target = target.with_fragment(url.fragment)  # section 10.2.2: the fragment is inherited
    keep_credentials = keeps_credentials(url, target)
    if target.has_userinfo and not (
        keep_credentials and (target.username, target.password) == (url.username, url.password)
    ):
        target = (
            target.without_userinfo()
        )  # section 4.2.4: userinfo from another party may be there to deceive
    return Redirect(
        target, rewritten_method(status, method), keeps_body(status, method), keep_credentials
    )


def keeps_body(status: int, method: str) -> bool:
    """Whether the body goes along with a redirect: where the method is not rewritten, except under
    303.
    """
    return status != 303 and rewritten_method(status, method) == method


def keeps_credentials(origin: URL, target: URL) -> bool:
    """Whether credentials for `origin` may be sent to `target`: the same origin, or its upgrade
    from http to https on default ports.
    """
    if origin.origin == target.origin:
        return True
    return origin.host == target.host and (
        origin.scheme,
        origin.port,
        target.scheme,
        target.port,
    ) == ("http", 80, "https", 443)


def rewritten_method(status: int, method: str) -> str:
    """The method after a redirect (sections 15.4.2 to 15.4.4): 303 means GET; for 301 and 302
    clients have always rewritten POST.
    """
    if status in {302, 303} and method != "HEAD":
        return "GET"
    if status == 301 and method == "POST":
        return "GET"
    return method


def as_utf8(location: str) -> str:
    """A Location decoded as UTF-8. Header fields are read as ISO 8859-1, but servers that send raw
    bytes in a Location mean UTF-8.
    """
    if location.isascii():
        return location
    try:
        return location.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return location
