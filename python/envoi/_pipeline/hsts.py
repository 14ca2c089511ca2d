"""HTTP Strict Transport Security, as a stage: what answers say of their hosts is remembered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from envoi._model.prepared import PreparedRequest
    from envoi._pipeline.journey import Journey, Onward
    from envoi._pipeline.reply import Reply


async def heed_hsts(journey: Journey, request: PreparedRequest, onward: Onward) -> Reply:
    """Send a request, and remember what its answer says of asking its host by https only
    (RFC 6797, section 8.1). A stage of calls whose session has such a memory.

    Raises:
        RequestException: whatever went wrong.
    """
    reply = await onward(request)
    hsts = journey.policy.hsts
    if (
        hsts is not None
        and request.parsed_url.scheme == "https"
        and is_verified(journey.policy.told.verify)
    ):
        fields = [
            value
            for name, value in reply.headers.items()
            if name.lower() == "strict-transport-security"
        ]
        if fields:
            hsts.learn(request.parsed_url, fields)
    return reply


def is_verified(verify: Any) -> bool:
    """Whether a connection with this `verify=` has its certificate and its host name checked.

    Args:
        verify: True, False, a path, or an `ssl.SSLContext`.
    """
    if hasattr(verify, "verify_mode"):
        # ssl.CERT_NONE is 0; ssl.CERT_OPTIONAL is CERT_REQUIRED for a client.
        return bool(verify.verify_mode) and bool(verify.check_hostname)
    return verify is not False
