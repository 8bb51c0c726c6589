from __future__ import annotations

import numpy as np
import pytest

from hf_auscult.errors import DataError
from hf_auscult.metrics import icbhi_score, macro_f1

from .cases import generators

NAMES = np.array(["normal", "crackle", "wheeze", "both"])


def written_out(y, decided):
    """The official formula, cycle by cycle: Se = (Cc + Ww + Bb) / (C + W + B), Sp = Nn / N."""
    right = dict.fromkeys(NAMES, 0)
    total = dict.fromkeys(NAMES, 0)
    for truth, guess in zip(y, decided, strict=True):
        total[truth] += 1
        right[truth] += truth == guess
    ill = NAMES[1:]
    se = sum(right[c] for c in ill) / sum(total[c] for c in ill)
    return se, right["normal"] / total["normal"]


def test_agrees_with_the_formula_written_out():
    for rng in generators():
        n = int(rng.integers(2, 200))
        y, decided = NAMES[rng.integers(0, 4, n)], NAMES[rng.integers(0, 4, n)]
        y[:2] = "normal", "wheeze"
        se, sp = written_out(y, decided)
        found = icbhi_score(y, decided)
        assert (found.sensitivity, found.specificity, found.score) == pytest.approx((se, sp, (se + sp) / 2))
        two = icbhi_score(y, decided, collapse=True)
        binary = [np.where(part == "normal", "normal", "abnormal") for part in (y, decided)]
        assert two.score == pytest.approx(icbhi_score(*binary).score) and two.score >= found.score


def test_it_is_not_a_macro_average():
    y = ["normal"] * 2 + ["crackle"] * 8 + ["wheeze"]
    decided = ["normal"] * 2 + ["crackle"] * 8 + ["normal"]
    assert icbhi_score(y, decided).score == pytest.approx((8 / 9 + 1) / 2)
    assert icbhi_score(y, decided).score != pytest.approx(macro_f1(y, decided))
    codes = {"normal": 0, "crackle": 1, "wheeze": 2}
    numbered = [[codes[name] for name in part] for part in (y, decided)]
    assert icbhi_score(*numbered, normal=0) == icbhi_score(y, decided)


def test_bad_input_is_refused():
    with pytest.raises(DataError, match="no normal cycle"):
        icbhi_score(["crackle"], ["crackle"])
    with pytest.raises(DataError, match="no abnormal cycle"):
        icbhi_score(["normal"], ["normal"])
    with pytest.raises(DataError, match="no normal cycle"):
        icbhi_score(["Normal", "crackle"], ["Normal", "crackle"])  # the wrong name is named, not scored 0
    with pytest.raises(DataError, match="no rows"):
        icbhi_score([], [])
    with pytest.raises(DataError, match="without a class"):
        icbhi_score(["normal", None], ["normal", "normal"])
    with pytest.raises(DataError, match="numbers of rows"):
        icbhi_score(["normal"], ["normal", "crackle"])
