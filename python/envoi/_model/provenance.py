"""Where a prepared request comes from, for those who send it."""

from __future__ import annotations

from typing import Final, NamedTuple


class Provenance(NamedTuple):
    """What the sending of a request depends on besides the request.

    Attributes:
        redirected: whether it follows a redirect.
        left_origin: whether redirects have led to it from another origin.
        in_chain: whether redirects are being followed, one of which led to it.
        auth_off: whether its caller said that there is to be no authentication.
        auth_fields: names of the header fields that its authentication wrote.
        timeout_given: whether a timeout of None that is passed along with it is its caller's own,
            and means off. None where that is not known: a session then takes it for off, and an
            adapter for the limits by default.
    """

    redirected: bool = False
    left_origin: bool = False
    in_chain: bool = False
    auth_off: bool = False
    auth_fields: tuple[str, ...] = ()
    timeout_given: bool | None = None


FROM_CALLER: Final = Provenance()
"""Of a request that somebody has made and nothing has happened to yet."""
