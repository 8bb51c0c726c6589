from __future__ import annotations

import base64
import csv
import json
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
import soundfile

from hf_auscult.data.facts import Fact
from hf_auscult.errors import ConfigurationError, DataError, MissingAudioError, UndecodableAudioError
from hf_auscult.reports.review import COLUMNS, QUESTIONS, ReviewRow, make_review, sample, score_review

FACTS = (Fact("finding", "wheeze", "wheezes"), Fact("timing", "expiratory", "t", of="wheeze"))
TEXT = 'Wheezes, "expiratory"; <b>bold</b> </script><script>alert(1)</script> é.'


@pytest.fixture
def wav(tmp_path: Path) -> Path:
    file = tmp_path / "a.wav"
    soundfile.write(file, np.sin(np.arange(800) / 9).astype("float32"), 4000)
    return file


def rows(audio: Path | bytes | None = None) -> list[ReviewRow]:
    return [ReviewRow(f"{name}{i}", name, TEXT, FACTS, audio) for name in "abcde" for i in range(20)]


class Page(HTMLParser):
    """Elements of a page, and what its data script holds."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.data = ""

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))
        if tag not in ("meta", "input", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] == "script" and dict(self.found[-1][1]).get("id") == "data":
            self.data += data


def read(page: Path) -> Page:
    parser = Page()
    parser.feed(page.read_text("utf-8"))
    parser.close()
    assert not parser.open
    return parser


def filled(sheet: Path, out: Path, answer=lambda row: ("yes", "no", "yes"), delimiter: str = ",") -> Path:
    with sheet.open(newline="", encoding="utf-8-sig") as stream:
        table = list(csv.DictReader(stream))
    for row in table:
        row.update(zip(QUESTIONS, answer(row), strict=True))
    with out.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, COLUMNS, delimiter=delimiter)
        writer.writeheader()
        writer.writerows(table)
    return out


def test_ten_of_each_of_five_datasets_as_in_the_paper():
    chosen = sample(rows(), 50)
    assert {name: sum(row.dataset == name for row in chosen) for name in "abcde"} == dict.fromkeys("abcde", 10)
    assert len({row.recording_id for row in chosen}) == 50
    assert chosen == sample(rows(), 50) != sample(rows(), 50, seed=1)
    assert [row.dataset for row in chosen] != sorted(row.dataset for row in chosen)


def test_strata_may_be_anything():
    chosen = sample(rows(), 4, strata=lambda row: row.recording_id[-1] == "0")
    assert sum(row.recording_id[1:] in ("0", "10") for row in chosen) == 2


def test_the_page_is_one_file_that_asks_nothing_of_a_network(wav: Path, tmp_path: Path):
    review = make_review(rows(wav), 6, tmp_path / "out")
    text = review.page.read_text("utf-8")
    assert "http" not in text and "alert(1)</script>" not in text
    page = read(review.page)
    assert not [tag for tag, attributes in page.found if tag == "link" or "src" in attributes or "href" in attributes]
    data = json.loads(page.data)
    assert [pair["text"] for pair in data["pairs"]] == [TEXT] * 6
    assert [pair["recording_id"] for pair in data["pairs"]] == [row.recording_id for row in review.rows]
    assert data["pairs"][0]["facts"] == [["finding", "wheeze"], ["timing of wheeze", "expiratory"]]
    assert [question["name"] for question in data["questions"]] == list(QUESTIONS)
    kind, _, content = data["pairs"][0]["audio"].partition(",")
    assert kind == "data:audio/wav;base64"
    assert base64.b64decode(content) == wav.read_bytes()


def test_the_page_saves_the_table_that_is_scored(wav: Path, tmp_path: Path):
    """The page's own script, run on a bare document: all is answered, saved, read back."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("node is not installed: the page's script is not run")
    review = make_review(rows(wav), 5, tmp_path)
    script = tmp_path / "run.js"
    script.write_text((Path(__file__).with_name("dom.js")).read_text("utf-8"), "utf-8")
    out = tmp_path / "review_filled.csv"
    subprocess.run([node, str(script), str(review.page), str(out)], check=True, timeout=60)
    score = score_review(out)
    assert (score.n, score.consistent.count, score.unsupported.count) == (5, 5, 0)
    with out.open(newline="", encoding="utf-8-sig") as stream:
        table = list(csv.DictReader(stream))
    assert tuple(table[0]) == COLUMNS
    assert {row["text"] for row in table} == {TEXT}
    assert {row["reviewer"] for row in table} == {"R"}


def test_bytes_ogg_and_no_audio(tmp_path: Path):
    data = json.loads(read(make_review(rows(b"OggS\0"), 1, tmp_path / "ogg").page).data)
    assert data["pairs"][0]["audio"].startswith("data:audio/ogg;base64,")
    assert json.loads(read(make_review(rows(), 1, tmp_path / "none").page).data)["pairs"][0]["audio"] is None


def test_scores_are_table_two(tmp_path: Path):
    review = make_review(rows(), 50, tmp_path)
    six = {row.recording_id for row in review.rows[:6]}
    file = filled(
        review.sheet, tmp_path / "f.csv", lambda row: ("Yes", "yes" if row["recording_id"] in six else "n", "y")
    )
    score = score_review(file)
    assert (score.n, score.consistent.count, score.nothing_added.count, score.unsupported.count) == (50, 50, 44, 6)
    assert score.unsupported.value == pytest.approx(0.12)
    # Wilson, by hand: (p + z²/2n ± z sqrt(p(1-p)/n + z²/4n²)) / (1 + z²/n)
    assert (score.unsupported.low, score.unsupported.high) == pytest.approx((0.0562, 0.2380), abs=1e-4)
    assert score.consistent.low == pytest.approx(0.9287, abs=1e-4)
    assert score.consistent.high == 1.0
    assert sorted(score.datasets) == list("abcde")
    assert all(one.n == 10 for one in score.datasets.values())
    assert sum(one.unsupported.count for one in score.datasets.values()) == 6
    assert json.loads(json.dumps(score.to_dict()))["datasets"]["a"]["n"] == 10


def test_a_spreadsheet_may_save_semicolons(tmp_path: Path):
    review = make_review(rows(), 3, tmp_path)
    assert score_review(filled(review.sheet, tmp_path / "f.csv", delimiter=";")).n == 3


def test_an_unfilled_sheet_is_an_error(tmp_path: Path):
    review = make_review(rows(), 3, tmp_path)
    with pytest.raises(DataError, match="3 of 3 reports are not fully answered: 1, 2, 3"):
        score_review(review.sheet)
    half = filled(review.sheet, tmp_path / "half.csv", lambda row: ("yes", "" if row["number"] == "2" else "no", "yes"))
    with pytest.raises(DataError, match="1 of 3 reports are not fully answered: 2"):
        score_review(half)


def test_damaged_sheets_are_errors(tmp_path: Path):
    review = make_review(rows(), 3, tmp_path)
    good = filled(review.sheet, tmp_path / "good.csv").read_text("utf-8")
    head, first, *rest = good.splitlines()
    damaged = {
        "perhaps": filled(review.sheet, tmp_path / "p.csv", lambda row: ("perhaps", "no", "yes")).read_text("utf-8"),
        "stand twice": "\n".join([head, first, first, *rest]),
        "columns .*consistent": good.replace("consistent", "other", 1),
        "no reports": head + "\n",
        "number of cells": f"{good}1,2\n",
    }
    for match, text in damaged.items():
        file = tmp_path / "damaged.csv"
        file.write_text(text, "utf-8")
        with pytest.raises(DataError, match=match):
            score_review(file)
    (tmp_path / "latin.csv").write_bytes(b"\xe9\xff")
    with pytest.raises(DataError, match="UTF-8"):
        score_review(tmp_path / "latin.csv")
    with pytest.raises(DataError, match="no such file"):
        score_review(tmp_path / "none.csv")


def test_what_cannot_be_reviewed_is_an_error(tmp_path: Path):
    with pytest.raises(ConfigurationError, match="101 of 100"):
        make_review(rows(), 101, tmp_path)
    with pytest.raises(ConfigurationError, match="0 of 100"):
        make_review(rows(), 0, tmp_path)
    with pytest.raises(MissingAudioError):
        make_review(rows(tmp_path / "none.wav"), 1, tmp_path)
    with pytest.raises(UndecodableAudioError):
        make_review(rows(b"text"), 1, tmp_path)
    with pytest.raises(DataError, match="empty report"):
        make_review([ReviewRow("r", "a", " ", FACTS)], 1, tmp_path)
