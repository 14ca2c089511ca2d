"""How the tour looks: each step's own source, then what it printed."""

from __future__ import annotations

import contextlib
import inspect
import io
import keyword
import os
import shutil
import sys
import textwrap
import time
import tokenize
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TextIO

if TYPE_CHECKING:
    from collections.abc import Callable

_PLAIN, _BOLD, _DIM = "0", "1", "2"
_RED, _GREEN, _YELLOW, _BLUE, _CYAN = "31", "32", "33", "34", "36"


@dataclass(frozen=True)
class Step:
    """One stop of the tour.

    Args:
        function: what runs, and whose source is shown; its docstring is the title.
        expects: texts that must all be in what it prints.
        run: how to call it, for an async function.
        shown_as: the line that says how it is called, for an async function.
    """

    function: Callable[..., Any]
    expects: tuple[str, ...]
    run: Callable[..., Any] | None = None
    shown_as: str = ""

    @property
    def title(self) -> str:
        """The first line of the docstring."""
        return (inspect.getdoc(self.function) or self.function.__name__).splitlines()[0]

    def source(self) -> str:
        """The body of the function; the whole of it when it is async."""
        lines = inspect.getsource(self.function).splitlines()
        start = (
            next(number for number, line in enumerate(lines) if line.lstrip().startswith('"""')) + 1
        )
        body = textwrap.dedent("\n".join(lines[start:]))
        if self.run is None:
            return body
        head = next(line for line in lines if line.lstrip().startswith("async def"))
        return f"{head}\n{textwrap.indent(body, '    ')}\n\n{self.shown_as}"


class Screen:
    """Prints steps and counts those that went wrong.

    Colours only on a terminal, and not with NO_COLOR set.
    """

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream
        self.failed: list[str] = []
        self.live = stream.isatty()
        self.coloured = (
            self.live and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
        )
        self.width = max(60, min(shutil.get_terminal_size().columns, 110))
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")

    def colour(self, text: str, *codes: str) -> str:
        """The text in a colour, where there are colours."""
        return (
            f"\x1b[{';'.join(codes)}m{text}\x1b[{_PLAIN}m"
            if self.coloured and codes and text
            else text
        )

    def line(self, text: str = "", *codes: str) -> None:
        """Print a line."""
        print(self.colour(text, *codes), file=self.stream, flush=True)

    def show(self, number: int, step: Step, *arguments: Any) -> None:
        """Print a step's source, run it, and print its output as it comes.

        Says whether that is as it should be.
        """
        title = f" {number:>2}  {step.title.rstrip('.')} "
        self.line()
        self.line(title + "─" * max(0, self.width - len(title)), _BOLD, _CYAN)
        self.line()
        for line in self._highlighted(step.source()).splitlines():
            self.line(f"    {line}".rstrip())
        self.line()
        output = Output(self)
        started = time.perf_counter()
        with contextlib.redirect_stdout(output):
            problem = _problem(step, arguments, output)
        output.finish()
        milliseconds = self.colour(f"{(time.perf_counter() - started) * 1000:.0f} ms", _DIM)
        if problem:
            self.failed.append(step.title)
            self.line(f"    {self.colour('✗ ' + problem, _BOLD, _RED)}  {milliseconds}")
        else:
            self.line(f"    {self.colour('✓', _GREEN)} {milliseconds}")

    def _highlighted(self, source: str) -> str:
        if not self.coloured:
            return source
        lines = source.splitlines(keepends=True)
        for token in reversed(list(tokenize.generate_tokens(io.StringIO(source).readline))):
            code = _token_colour(token)
            (row, start), (last_row, end) = token.start, token.end
            if code and row == last_row:
                line = lines[row - 1]
                lines[row - 1] = line[:start] + self.colour(line[start:end], code) + line[end:]
        return "".join(lines)


class Output(io.TextIOBase):
    """Standard output while a step runs: set off with a bar, long lines folded.

    `\r` rewrites the line on a terminal.
    """

    def __init__(self, screen: Screen) -> None:
        self._screen = screen
        self._line = ""
        self._shown = ""
        self.text = ""

    def write(self, text: str) -> int:
        """Take some text."""
        self.text += text
        for character in text:
            if character == "\n":
                self._end_line()
            elif character == "\r":
                self._line = ""
            else:
                self._line += character
        if self._screen.live and "\r" in text and self._line not in ("", self._shown):
            self._shown = self._line
            self._screen.stream.write(f"\r{self._bar()}{self._line}")
            self._screen.stream.flush()
        return len(text)

    def finish(self) -> None:
        """End a line that was begun."""
        if self._line:
            self._end_line()

    def _end_line(self) -> None:
        rewind = "\r" if self._screen.live else ""
        for line in textwrap.wrap(self._line, self._screen.width - 6, drop_whitespace=False) or [
            ""
        ]:
            self._screen.line(f"{rewind}{self._bar()}{line}".rstrip(" "))
        self._line = ""

    def _bar(self) -> str:
        return "    " + self._screen.colour("│ ", _BLUE)


def _problem(step: Step, arguments: tuple[Any, ...], output: Output) -> str:
    try:
        if step.run is None:
            step.function(*arguments)
        else:
            step.run(step.function, *arguments)
    except Exception as raised:  # whatever it is, the tour goes on and tells of it at the end
        error = raised
        while isinstance(error, ExceptionGroup):
            error = error.exceptions[0]
        return f"{type(error).__name__}: {error}"
    missing = [text for text in step.expects if text not in output.text]
    return f"expected {', '.join(map(repr, missing))}" if missing else ""


def _token_colour(token: tokenize.TokenInfo) -> str:
    if token.type == tokenize.COMMENT:
        return _DIM
    if token.type == tokenize.STRING or tokenize.tok_name[token.type].startswith("FSTRING"):
        return _GREEN
    if token.type == tokenize.NUMBER:
        return _YELLOW
    return _BLUE if token.type == tokenize.NAME and keyword.iskeyword(token.string) else ""


def screen() -> Screen:
    """A screen on standard output."""
    return Screen(sys.stdout)
