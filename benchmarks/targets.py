"""What the project promises, judged by the figures of one run."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from benchmarks.cases import CASES, MEDIUM_BYTES, shown
from benchmarks.report import best_peer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.peer import Figure

    _Figures = dict[str, dict[str, Figure]]


_NOT_A_RACE = ("slow", "session", "memory-body")
"""Cases that are shown, or judged otherwise."""


class Verdict(NamedTuple):
    """One promise and whether it was kept."""

    text: str
    value: str
    passed: bool


def judge(figures: _Figures) -> list[Verdict]:
    """Return a verdict for each target that the figures allow to judge.

    Args:
        figures: Figures by case, then by client.
    """
    return [*_particular(figures), *_ahead_of_best_peer(figures)]


def _particular(figures: _Figures) -> Iterator[Verdict]:
    yield from _at_most(figures, "sync", "cpu", "pycurl", 0.7)
    yield from _at_most(figures, "sync", "cpu", "floor", 1.7)
    yield from _times_less(figures, "sync", "cpu", "requests", 15)
    for name in ("asyncio-64", "asyncio-256"):
        yield from _at_most(figures, name, "wall", "wreq", 0.75)
        yield from _at_most(figures, name, "wall", "floor", 2.0)
        yield from _times_less(figures, name, "wall", "aiohttp", 4)
    yield from _flat(figures)
    for name in ("body", "tls-body"):
        yield from _throughput(figures, name)
    yield from _memory(figures)
    yield from _absolute(figures, "import", 0.040, "import envoi <= 40 ms over bare Python")
    yield from _absolute(figures, "session", 0.0001, "Session() built in <= 0.1 ms, in µs")


def _at_most(
    figures: _Figures, name: str, measure: str, reference: str, limit: float
) -> Iterator[Verdict]:
    pair = _pair(figures, name, measure, reference)
    if pair is not None:
        ratio = pair[0] / pair[1]
        yield Verdict(
            f"{name} {_label(measure)} <= {limit} x {reference}",
            f"{ratio:.2f}{_cpu_too(figures, name, measure, reference)}",
            ratio <= limit,
        )


def _times_less(
    figures: _Figures, name: str, measure: str, reference: str, limit: float
) -> Iterator[Verdict]:
    pair = _pair(figures, name, measure, reference)
    if pair is not None:
        ratio = pair[1] / pair[0]
        yield Verdict(
            f"{name} {_label(measure)} >= {limit} x less than {reference}",
            f"{ratio:.1f}",
            ratio >= limit,
        )


def _flat(figures: _Figures) -> Iterator[Verdict]:
    few = figures.get("asyncio-16", {})
    for name in ("asyncio-256", "asyncio-4096"):
        many = figures.get(name, {})
        if "envoi" in few and "envoi" in many:
            ratio = many["envoi"].wall / few["envoi"].wall
            floor = (
                f" (floor: {many['floor'].wall / few['floor'].wall:.2f})"
                if "floor" in few and "floor" in many
                else ""
            )
            yield Verdict(f"{name} wall <= 1.3 x asyncio-16", f"{ratio:.2f}{floor}", ratio <= 1.3)


def _throughput(figures: _Figures, name: str) -> Iterator[Verdict]:
    case = figures.get(name, {})
    others = [figure.wall for peer, figure in case.items() if peer != "envoi"]
    if "envoi" in case and others:
        ratio = min(others) / case["envoi"].wall
        yield Verdict(
            f"{name} throughput >= 0.95 x the best of floor and peers",
            f"{ratio:.2f}",
            ratio >= 0.95,
        )


def _memory(figures: _Figures) -> Iterator[Verdict]:
    small, large = figures.get("memory-body-1", {}), figures.get("memory-body-100", {})
    if "envoi" in small and "envoi" in large:
        more = large["envoi"].wall - small["envoi"].wall
        yield Verdict(
            "peak memory of a 100 MB body over that of a 1 MB body, <= 1 MB",
            f"{more / 1e6:.2f} MB",
            more <= MEDIUM_BYTES,
        )


def _absolute(figures: _Figures, name: str, limit: float, text: str) -> Iterator[Verdict]:
    case = figures.get(name, {})
    if "envoi" in case:
        found = next(each for each in CASES if each.name == name)
        yield Verdict(text, shown(found, case["envoi"].wall), case["envoi"].wall <= limit)


def _ahead_of_best_peer(figures: _Figures) -> Iterator[Verdict]:
    for case in CASES:
        found = figures.get(case.name, {})
        best = best_peer(found)
        if "envoi" not in found or best is None or case.name.startswith(_NOT_A_RACE):
            continue
        reference = found[best].wall
        value = (
            f"{found['envoi'].wall / reference:.2f}"
            if reference
            else shown(case, found["envoi"].wall)
        )
        value += _cpu_too(figures, case.name, "wall", best)
        yield Verdict(
            f"{case.name}: ahead of the best peer ({best})", value, found["envoi"].wall <= reference
        )


def _pair(figures: _Figures, name: str, measure: str, reference: str) -> tuple[float, float] | None:
    case = figures.get(name, {})
    if "envoi" not in case or reference not in case:
        return None
    own, other = (float(getattr(case[peer], measure)) for peer in ("envoi", reference))
    return (own, other) if own > 0 and other > 0 else None


def _cpu_too(figures: _Figures, name: str, measure: str, reference: str) -> str:
    # On a shared machine CPU time says more than wall time.
    pair = _pair(figures, name, "cpu", reference) if measure == "wall" else None
    return f" (CPU {pair[0] / pair[1]:.2f})" if pair is not None else ""


def _label(measure: str) -> str:
    return "CPU" if measure == "cpu" else measure
