"""Tables of results and the numbers in them: one form of each, as Markdown, CSV, LaTeX and text for a terminal."""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from ..errors import DataError

DASH = "–"
NO_INTERVAL = "(no interval)"
_FORMULA = re.compile(r"[=+\-@\t\r]")  # what a spreadsheet takes for the start of a formula
_PLAIN_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
# Letters that Markdown reads as markup wherever they stand; an underscore inside a word is none.
_MARKDOWN = re.compile(r"[\\`*|<>&$~]|(?<![^\W_])_|_(?![^\W_])|(?<=\])\(|(?<=\])\[")
_LATEX = {
    **{sign: f"\\{sign}" for sign in "&%$#_{}"},
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    "−": "$-$",
    "–": "--",
    "°": r"\textdegree{}",
    "†": r"\dag{}",
    "‡": r"\ddag{}",
    "§": r"\S{}",
    "±": r"$\pm$",
    "→": r"$\rightarrow$",
}


class Estimate(Protocol):
    """A value with bounds that may be absent, such as :class:`~hf_auscult.metrics.Interval`."""

    @property
    def value(self) -> float | None:
        """The point estimate; None where it is undefined."""

    @property
    def low(self) -> float | None:
        """Lower bound."""

    @property
    def high(self) -> float | None:
        """Upper bound."""


Cell = str | float | int | None


class Markup(str):
    """Text of this package that is Markdown already (a link, code); other text in a table is escaped."""


def number(value: float | None, digits: int = 3, *, sign: bool = False) -> str:
    """A number as papers print it: without the zero before the point; a dash for none.

    Args:
        value: of the cell.
        digits: after the point.
        sign: write the plus of a difference, too.

    Example:
        >>> number(0.8), number(2.388), number(-0.02), number(0.02, sign=True), number(None)
        ('.800', '2.388', '-.020', '+.020', '–')
    """
    if value is None:
        return DASH
    text = f"{value:{'+' if sign else ''}.{digits}f}"
    if float(text) == 0:
        text = text.lstrip("-")
    return re.sub(r"^([+-]?)0\.", r"\1.", text)


def interval(value: float | None, low: float | None, high: float | None, *, marks: str = "", sign: bool = False) -> str:
    """A value with its interval; where there is none, the text says so.

    Values of ten and more (milliseconds, beats a minute) carry one digit after the point everywhere.

    Args:
        value: point estimate; None gives a dash.
        low: lower bound, or None.
        high: upper bound, or None.
        marks: footnote marks, set after the interval.
        sign: write the plus of a difference, too.

    Example:
        >>> interval(0.85, 0.79, 0.9), interval(0.85, None, None), interval(81.26, 70.0, 95.04)
        ('.850 [.79, .90]', '.850 (no interval)', '81.3 [70.0, 95.0]')
    """
    if value is None:
        return DASH
    wide = max(abs(bound) for bound in (value, low, high) if bound is not None) >= 10
    first, rest = (1, 1) if wide else (3, 2)
    shown = number(value, first, sign=sign)
    bounds = NO_INTERVAL if low is None or high is None else f"[{number(low, rest)}, {number(high, rest)}]"
    return f"{shown} {bounds}{marks}"


def estimate(figure: Estimate | None, *, marks: str = "", sign: bool = False) -> str:
    """:func:`interval` of anything that has ``value``, ``low`` and ``high``; a dash for None."""
    return DASH if figure is None else interval(figure.value, figure.low, figure.high, marks=marks, sign=sign)


def count_range(counts: Sequence[int]) -> str:
    """Whole numbers as their range.

    Example:
        >>> count_range([4, 6, 5]), count_range([4, 4])
        ('4–6', '4')
    """
    low, high = min(counts), max(counts)
    return str(low) if low == high else f"{low}–{high}"


@dataclass(frozen=True)
class Table:
    r"""A table of results.

    Attributes:
        header: name of each column.
        rows: cells: text, numbers (printed by :func:`number`, whole ones as they are), or None (a dash).
        names: leading columns that hold names and are set flush left; the others hold figures, flush right.

    Raises:
        DataError: a row with another number of cells than the header.

    Example:
        >>> print(Table(("task", "AUROC"), [("T1 | murmur", 0.7)], names=1).markdown())
        | task | AUROC |
        | --- | ---: |
        | T1 \| murmur | .700 |
    """

    header: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    names: int = 2

    def __post_init__(self) -> None:
        for place, row in enumerate(self.rows):
            if len(row) != len(self.header):
                raise DataError(f"{len(row)} cells under {len(self.header)} headings", where=f"row {place} of a table")

    def markdown(self) -> str:
        """Markdown, every cell's text shown as it is: pipes, markup and HTML are escaped."""
        lines = [[markdown_text(cell) for cell in row] for row in (self.header, *self.rows)]
        lines.insert(1, ["---" if column < self.names else "---:" for column in range(len(self.header))])
        return "\n".join(f"| {' | '.join(line)} |" for line in lines)

    def csv(self) -> str:
        """CSV with full-precision numbers; text that a spreadsheet would run as a formula is led by an apostrophe."""
        stream = io.StringIO()
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerows([_csv(cell) for cell in row] for row in (self.header, *self.rows))
        return stream.getvalue()

    def latex(self) -> str:
        """A ``tabular`` in the style of booktabs."""
        lines = [" & ".join(_latex(cell) for cell in row) + r" \\" for row in (self.header, *self.rows)]
        columns = "".join("l" if column < self.names else "r" for column in range(len(self.header)))
        body = [r"\toprule", lines[0], r"\midrule", *lines[1:], r"\bottomrule"]
        return "\n".join([rf"\begin{{tabular}}{{{columns}}}", *body, r"\end{tabular}"])

    def text(self) -> str:
        """Aligned columns for a terminal, every column flush left."""
        rows = [[_text(cell) for cell in row] for row in (self.header, *self.rows)]
        widths = [max(map(_width, column)) for column in zip(*rows, strict=True)]
        lines = ["  ".join(_filled(cell, width) for cell, width in zip(row, widths, strict=True)) for row in rows]
        lines = [line.rstrip() for line in lines]
        return "\n".join([lines[0], "─" * max(map(_width, lines)), *lines[1:]])


def _text(cell: Any) -> str:
    """One line of visible letters: control characters (terminal escapes, too) become spaces."""
    if isinstance(cell, bool | np.bool_):
        return "yes" if cell else "no"
    if isinstance(cell, float | np.floating):
        return number(float(cell))
    shown = DASH if cell is None else str(cell)
    return " ".join("".join(" " if unicodedata.category(sign) == "Cc" else sign for sign in shown).split())


def markdown_text(cell: Any) -> str:
    """A text that Markdown shows as it is: pipes, markup and HTML are escaped, except in :class:`Markup`."""
    if isinstance(cell, Markup):
        return str(cell).replace("\n", " ")
    return _MARKDOWN.sub(lambda match: "\\" + match.group(), _text(cell))


def _csv(cell: Any) -> str:
    if isinstance(cell, float | np.floating):
        return repr(float(cell))
    shown = "" if cell is None else _text(cell)
    return f"'{shown}" if _FORMULA.match(shown) and not _PLAIN_NUMBER.fullmatch(shown) else shown


def _latex(cell: Any) -> str:
    return "".join(_LATEX.get(sign, sign) for sign in _text(cell))


def _width(text: str) -> int:
    """Columns that a terminal gives a text: wide East Asian letters take two, combining marks none."""
    return sum(0 if unicodedata.combining(s) else 1 + (unicodedata.east_asian_width(s) in "WF") for s in text)


def _filled(text: str, width: int) -> str:
    return text + " " * (width - _width(text))
