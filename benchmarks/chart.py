"""A bar chart of a few cases as SVG, for the README. It follows the reader's light or dark
theme.
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from benchmarks.cases import BY_NAME, shown

if TYPE_CHECKING:
    from pathlib import Path

    from benchmarks.peer import Figure

CHARTED = ("sync", "asyncio-64", "tls-asyncio-64")
"""Cases shown, one panel each."""

_PANEL_WIDTH, _LABEL_WIDTH, _VALUE_WIDTH = 320, 118, 52
_BAR_HEIGHT, _BAR_STEP, _TOP, _MARGIN = 14, 20, 50, 16
_MOST_BARS = 12
_STYLE = """
text { font: 12px -apple-system, "Segoe UI", Helvetica, Arial, sans-serif; fill: #1f2328 }
.title { font-weight: 600; font-size: 13px } .note { fill: #59636e; font-size: 11px }
.bar { fill: #afb8c1 } .envoi { fill: #0969da }
.floor { fill: none; stroke: #59636e; stroke-dasharray: 3 2 }
.own { font-weight: 600 }
@media (prefers-color-scheme: dark) {
text { fill: #f0f6fc } .note { fill: #9198a1 }
.bar { fill: #484f58 } .envoi { fill: #4493f8 } .floor { stroke: #9198a1 }
}
"""


def write_chart(path: Path, figures: dict[str, dict[str, Figure]]) -> bool:
    """Write the chart, and return whether there was anything to show.

    Args:
        path: The SVG file.
        figures: Figures by case, then by client.
    """
    panels = [(name, _bars(figures[name])) for name in CHARTED if figures.get(name)]
    if not panels:
        return False
    width = _MARGIN + len(panels) * (_PANEL_WIDTH + _MARGIN)
    height = _TOP + max(len(bars) for _, bars in panels) * _BAR_STEP + _MARGIN
    parts = [
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
            f'width="{width}" height="{height}" role="img">'
        ),
        "<title>Time per request of Python HTTP clients, shorter is better</title>",
        f"<style>{_STYLE}</style>",
    ]
    for position, (name, bars) in enumerate(panels):
        parts += _panel(name, bars, _MARGIN + position * (_PANEL_WIDTH + _MARGIN))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join([*parts, "</svg>", ""]))
    return True


def _bars(figures: dict[str, Figure]) -> list[tuple[str, float]]:
    ordered = sorted(
        ((name, figure.wall) for name, figure in figures.items()), key=lambda bar: bar[1]
    )
    # Without this one slow client would flatten all the bars that matter: the slowest are left out,
    # but the well known.
    known = {"envoi", "floor", "requests", "httpx", "aiohttp"}
    excess = max(len(ordered) - _MOST_BARS, 0)
    dropped = [name for name, _ in reversed(ordered) if name not in known][:excess]
    return [bar for bar in ordered if bar[0] not in dropped]


def _panel(name: str, bars: list[tuple[str, float]], left: int) -> list[str]:
    case = BY_NAME[name]
    longest = max(value for _, value in bars)
    room = _PANEL_WIDTH - _LABEL_WIDTH - _VALUE_WIDTH
    parts = [
        f'<text class="title" x="{left}" y="20">{escape(case.title)}</text>',
        f'<text class="note" x="{left}" y="36">µs per request, shorter is better</text>',
    ]
    for row, (client, value) in enumerate(bars):
        top = _TOP + row * _BAR_STEP
        length = max(value / longest * room, 1.0)
        kind = client if client in ("envoi", "floor") else "bar"
        label = "bare sockets" if client == "floor" else client
        own = ' class="own"' if client == "envoi" else ""
        parts += [
            (
                f'<text{own} x="{left + _LABEL_WIDTH - 8}" y="{top + 11}" text-anchor="end">'
                f"{escape(label)}</text>"
            ),
            (
                f'<rect class="{kind}" x="{left + _LABEL_WIDTH}" y="{top}" width="{length:.1f}" '
                f'height="{_BAR_HEIGHT}" rx="2"/>'
            ),
            (
                f'<text{own} x="{left + _LABEL_WIDTH + length + 5:.1f}" y="{top + 11}">'
                f"{shown(case, value)}</text>"
            ),
        ]
    return parts
