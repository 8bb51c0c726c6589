"""An expert's review in a real browser: heard, filled by keys, saved and scored."""

from __future__ import annotations

import csv
import os
from pathlib import Path

import numpy as np
import pytest
import soundfile

from hf_auscult.data.facts import Fact
from hf_auscult.reports.review import QUESTIONS, ReviewRow, make_review, score_review

from .browser import Browser, installed

pytestmark = pytest.mark.skipif(installed() is None, reason="no Chromium is installed: the page is not opened")


def test_a_review_by_keyboard(tmp_path: Path):
    audio = tmp_path / "a.wav"
    soundfile.write(audio, np.sin(np.arange(8000) / 9).astype("float32"), 4000)
    facts = (Fact("finding", "wheeze", "wheezes"), Fact("sex", "female", "sex"))
    pairs = [ReviewRow(name, "icbhi", f"Wheezes in this woman ({name}).", facts, audio) for name in ("r1", "r2", "r3")]
    review = make_review(pairs, 3, tmp_path / "review")
    program = installed()
    assert program is not None
    with Browser(program, tmp_path) as browser:
        browser.open(review.page)
        heard = "a.onloadedmetadata = () => done(a.duration); a.preload = 'auto'; a.load();"
        script = f"new Promise(done => {{ const a = document.querySelector('audio'); {heard} }})"
        assert browser.value(script) == pytest.approx(2.0, abs=0.05)
        browser.tab_to("at.id === 'reviewer'")
        browser.write("=AB")
        for pair in (1, 2, 3):
            for question in QUESTIONS:
                browser.tab_to(f"at.name === '{question}{pair}'")
                browser.press(" ")  # the first radio button: yes
                if pair == 3:
                    browser.press("ArrowDown")  # the next one: no
            browser.tab_to("at.tagName === 'TEXTAREA'")
            browser.write('=HYPERLINK("x")' if pair == 1 else "fine, really")
            browser.press("Tab")
        assert browser.value("document.getElementById('progress').textContent") == "3 of 3 answered"
        picture = Path(os.environ.get("AUSCULT_PICTURES", tmp_path)) / "review.png"
        browser.picture(picture)
        assert picture.stat().st_size > 10_000
        browser.open(review.page)
        assert browser.value("document.getElementById('progress').textContent") == "3 of 3 answered", "not kept"
        browser.tab_to("at.id === 'save'")
        browser.press("Enter")
        browser.until(lambda: list(browser.downloads.glob("*.csv")))
        (saved,) = browser.downloads.glob("*.csv")
        with saved.open(encoding="utf-8-sig", newline="") as stream:
            rows = list(csv.DictReader(stream))
    assert [row["comment"] for row in rows] == ['\'=HYPERLINK("x")', "fine, really", "fine, really"]
    assert {row["reviewer"] for row in rows} == {"'=AB"}
    assert [row["consistent"] for row in rows] == ["yes", "yes", "no"]
    assert score_review(saved).n == 3
