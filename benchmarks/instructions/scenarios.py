"""What is measured: one `Scenario` for each row of the table."""

from __future__ import annotations

from typing import NamedTuple


class Scenario(NamedTuple):
    """One kind of work.

    Attributes:
        name: The name for ``--only``, in `baseline.json` and in `allowed.toml`.
        title: The row's heading.
        requests: How many the first part has; the second part has three times as many. 0 means
            that nothing is sent, and the figure is that of one import.
        warm: Requests before the first part: more than the interpreter needs to specialise code.
        tls: Whether the server speaks TLS.
        short: Whether it takes a few seconds, so that every change is measured with it.
    """

    name: str
    title: str
    requests: int
    warm: int = 150
    tls: bool = False
    short: bool = False


SCENARIOS = (
    Scenario("sync-get", "sync GET, kept connection", 30, short=True),
    Scenario("sync-options", "sync GET with params, headers and timeout", 30, short=True),
    Scenario("one-shot", "`envoi.get`, new connection", 30, short=True),
    Scenario("post-json", "sync POST of JSON", 30, short=True),
    Scenario("body-100k", "sync GET of a 100 KB body", 10),
    Scenario("asyncio-16", "asyncio GET, 16 at once", 32, 160),
    Scenario("asyncio-16-tls", "asyncio GET over TLS, 16 at once", 32, 160, tls=True),
    Scenario("trio-16", "trio GET, 16 at once", 32, 160),
    Scenario("pool-contention", "asyncio GET, 16 at once over 4 connections", 32, 160),
    Scenario("import", "`import envoi`", 0, 0),
)

BY_NAME = {scenario.name: scenario for scenario in SCENARIOS}


def chosen(only: str | None, *, short: bool = False) -> list[Scenario]:
    """The scenarios that the command line asks for.

    Args:
        only: Names with commas between them, or ``None`` for each.
        short: Leave out those that take longer.

    Raises:
        SystemExit: There is no scenario of such a name.
    """
    names = [name.strip() for name in only.split(",")] if only else list(BY_NAME)
    unknown = [name for name in names if name not in BY_NAME]
    if unknown:
        raise SystemExit(f"no such scenario: {', '.join(unknown)}; there are {', '.join(BY_NAME)}")
    return [BY_NAME[name] for name in names if BY_NAME[name].short or not short]
