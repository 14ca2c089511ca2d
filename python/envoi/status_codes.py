r"""Status codes by name, under requests' names and IANA's: `codes.ok`, `codes["not_found"]`,
`codes.TEAPOT`.

Names are lower or upper case. `codes["no such"]` is None, `codes.no_such` an AttributeError, as in
requests.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

_NAMES: Final[dict[int, str]] = {
    100: "continue",
    101: "switching_protocols",
    102: "processing early-hints",
    103: "early_hints checkpoint",
    104: "upload_resumption_supported",
    122: "request_uri_too_long",
    200: "ok okay all_ok all_okay all_good \\o/ ✓",
    201: "created",
    202: "accepted",
    203: "non_authoritative_information non_authoritative_info",
    204: "no_content",
    205: "reset_content reset",
    206: "partial_content partial",
    207: "multi_status multiple_status multi_stati multiple_stati",
    208: "already_reported",
    226: "im_used",
    300: "multiple_choices",
    301: "moved_permanently moved \\o-",
    302: "found",
    303: "see_other other",
    304: "not_modified",
    305: "use_proxy",
    306: "switch_proxy",
    307: "temporary_redirect temporary_moved temporary",
    308: "permanent_redirect resume_incomplete resume",
    400: "bad_request bad",
    401: "unauthorized",
    402: "payment_required payment",
    403: "forbidden",
    404: "not_found -o-",
    405: "method_not_allowed not_allowed",
    406: "not_acceptable",
    407: "proxy_authentication_required proxy_auth proxy_authentication",
    408: "request_timeout timeout",
    409: "conflict",
    410: "gone",
    411: "length_required",
    412: "precondition_failed",
    413: "content_too_large request_entity_too_large",
    414: "uri_too_long request_uri_too_large",
    415: "unsupported_media_type unsupported_media media_type",
    416: "range_not_satisfiable requested_range_not_satisfiable requested_range",
    417: "expectation_failed",
    418: "im_a_teapot teapot i_am_a_teapot",
    421: "misdirected_request",
    422: "unprocessable_content unprocessable_entity unprocessable",
    423: "locked",
    424: "failed_dependency dependency",
    425: "too_early unordered_collection unordered",
    426: "upgrade_required upgrade",
    428: "precondition_required precondition",
    429: "too_many_requests too_many",
    431: "request_header_fields_too_large header_fields_too_large fields_too_large",
    444: "no_response none",
    449: "retry_with retry",
    450: "blocked_by_windows_parental_controls parental_controls",
    451: "unavailable_for_legal_reasons legal_reasons",
    499: "client_closed_request",
    500: "internal_server_error server_error /o\\ ✗",
    501: "not_implemented",
    502: "bad_gateway",
    503: "service_unavailable unavailable",
    504: "gateway_timeout",
    505: "http_version_not_supported http_version",
    506: "variant_also_negotiates",
    507: "insufficient_storage",
    508: "loop_detected",
    509: "bandwidth_limit_exceeded bandwidth",
    510: "not_extended",
    511: "network_authentication_required network_auth network_authentication",
}


class StatusCodes:
    """Names to codes, by attribute and by item."""

    name: str = "status_codes"

    def __init__(self, names: dict[int, str]) -> None:
        for code, words in names.items():
            for word in words.split():
                self.__dict__[word] = code
                if word[0] not in "\\/":
                    self.__dict__[word.upper()] = code

    def __getattr__(self, name: str) -> int:
        message = f"there is no status code named {name!r}"
        raise AttributeError(message)

    def __getitem__(self, name: str) -> int | None:
        return self.__dict__.get(name)

    def get(self, name: str, default: Any = None) -> Any:
        """The code with that name, or `default`."""
        return self.__dict__.get(name, default)

    def __contains__(self, name: object) -> bool:
        return name in self.__dict__

    def __iter__(self) -> Iterator[str]:
        return iter(self.__dict__)

    def __repr__(self) -> str:
        return "<lookup 'status_codes'>"


codes: Final = StatusCodes(_NAMES)

_codes: Final = {code: tuple(words.split()) for code, words in _NAMES.items()}
"""requests' name for it: a package built on requests looks up the names of a code."""
