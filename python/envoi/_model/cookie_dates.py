"""The date of a cookie's Expires attribute, by the algorithm of RFC 6265bis, section 5.1.1.

Servers write dates in dozens of forms. The algorithm looks for a time, a day, a month and a year
among the words of the text, in any order, and passes over the rest, time zones included: a cookie's
date is in UTC.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Final

MAX_DATE_LENGTH: Final = 1024
"""Characters of a date; longer attributes are no attributes (RFC 6265bis, section 5.6)."""


def parse_date(text: str) -> int | None:
    """Seconds since 1970; None when the text is no date.

    Args:
        text: such as "Wed, 21 Oct 2099 07:28:00 GMT".
    """
    time: tuple[int, int, int] | None = None
    day = month = year = None
    for word in _DELIMITERS.split(text[:MAX_DATE_LENGTH]):
        if time is None and (found := _TIME.match(word)):
            time = int(found[1]), int(found[2]), int(found[3])
        elif day is None and (found := _DAY.match(word)):
            day = int(found[1])
        elif month is None and word[:3].lower() in _MONTHS:
            month = _MONTHS[word[:3].lower()]
        elif year is None and (found := _YEAR.match(word)):
            year = _in_full(int(found[1]))
    if time is None or day is None or month is None or year is None or year < _FIRST_YEAR:
        return None
    try:
        return int(datetime(year, month, day, *time, tzinfo=UTC).timestamp())
    except ValueError:  # the 31st of June, 25 o'clock
        return None


def _in_full(year: int) -> int:
    if _SEVENTY <= year < _HUNDRED:
        return year + 1900
    return year + 2000 if year < _SEVENTY else year


_DELIMITERS: Final = re.compile(r"[\x09\x20-\x2f\x3b-\x40\x5b-\x60\x7b-\x7e]+")
_TIME: Final = re.compile(r"([0-9]{1,2}):([0-9]{1,2}):([0-9]{1,2})(?![0-9])")
_DAY: Final = re.compile(r"([0-9]{1,2})(?![0-9])")
_YEAR: Final = re.compile(r"([0-9]{2,4})(?![0-9])")
_MONTHS: Final = {
    "jan": 1,
    "feb": 2,
    "mar": 3,
    "apr": 4,
    "may": 5,
    "jun": 6,
    "jul": 7,
    "aug": 8,
    "sep": 9,
    "oct": 10,
    "nov": 11,
    "dec": 12,
}
_SEVENTY: Final = 70
_HUNDRED: Final = 100
_FIRST_YEAR: Final = 1601
