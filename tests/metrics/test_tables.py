"""One form of numbers, and text in cells that stays text in every format."""

from __future__ import annotations

import csv
import io

import pytest

from hf_auscult.errors import DataError
from hf_auscult.metrics import Interval
from hf_auscult.metrics.tables import DASH, Markup, Table, count_range, estimate, interval, number

NASTY = ["a|b", "<b>x</b>", "[x](http://y)", "*star*", "_x_", "opera_ct", "`code`", "=1+1", "+SUM(A1)", "-x", "@cmd"]


def test_numbers() -> None:
    assert [number(x) for x in (0.85, 1.0, -0.0001, -0.5, 12.0, None)] == [
        *(".850", "1.000", ".000", "-.500", "12.000", DASH)
    ]
    assert number(0.031, sign=True) == "+.031"
    assert interval(0.85, 0.79, 0.9) == ".850 [.79, .90]"
    assert interval(-0.02, -0.114, 0.05, sign=True, marks="†") == "-.020 [-.11, .05]†"
    assert interval(0.85, None, None, marks="°") == ".850 (no interval)°"
    assert interval(None, None, None) == DASH
    assert estimate(None) == DASH
    found = Interval(0.85, 0.79, 0.9, subjects=9, positives=3, draws=10)
    assert estimate(found) == str(found) == ".850 [.79, .90]"
    assert count_range([3]) == "3"


def test_markdown_shows_every_text_as_it_is() -> None:
    table = Table(("name", "x"), [(text, 0.5) for text in NASTY], names=1).markdown()
    rows = table.splitlines()
    assert rows[1] == "| --- | ---: |"
    assert len(rows) == len(NASTY) + 2
    assert r"| a\|b |" in rows[2]
    assert r"\<b\>x\</b\>" in table
    assert r"[x]\(http://y)" in table
    assert r"\*star\*" in table
    assert r"\_x\_" in table
    assert "| opera_ct |" in table
    assert Table(("a",), [(Markup("[x](y)"),)]).markdown().endswith("| [x](y) |")
    assert "\n" not in Table(("a",), [("x\ny\x1b[31m",)]).markdown().splitlines()[-1]


def test_csv_has_whole_numbers_and_no_formula() -> None:
    text = Table(("=head", "x"), [*[(cell, 0.123456789) for cell in NASTY], ("-.020", None), ("n", 3)]).csv()
    rows = list(csv.reader(io.StringIO(text)))
    assert rows[0][0] == "'=head"
    assert [row[0] for row in rows[1 : len(NASTY) + 1]] == [f"'{cell}" if cell[0] in "=+-@" else cell for cell in NASTY]
    assert rows[1][1] == "0.123456789"
    assert rows[-2] == ["-.020", ""]  # a number may begin with its sign
    assert rows[-1] == ["n", "3"]


def test_latex_escapes_what_latex_reads() -> None:
    text = Table(("a & b", "x"), [("50 % of A_1 \\ {}", None)], names=1).latex()
    assert text.splitlines()[0] == r"\begin{tabular}{lr}"
    assert r"a \& b & x \\" in text
    assert r"50 \% of A\_1 \textbackslash{} \{\} & -- \\" in text


def test_text_for_a_terminal_is_aligned() -> None:
    lines = Table(("", "x"), [("肺音", True), ("heart", 0.25)]).text().splitlines()
    assert lines == ["       x", "─" * 11, "肺音   yes", "heart  .250"]


def test_a_row_of_other_length_is_refused() -> None:
    with pytest.raises(DataError, match="1 cells under 2 headings"):
        Table(("a", "b"), [("x",)])
