from __future__ import annotations

import pytest

from hf_auscult.errors import DataError
from hf_auscult.metrics import holm


def test_holm_known_answer_and_order():
    # R: p.adjust(c(.01, .04, .03, .005), "holm") = .03 .06 .06 .02
    p = [0.01, 0.04, 0.03, 0.005]
    assert holm(p) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm(p[::-1]) == pytest.approx([0.02, 0.06, 0.06, 0.03])
    assert holm([0.9, 0.8]) == pytest.approx([1.0, 1.0])
    assert holm([0.03]) == pytest.approx([0.03])
    with pytest.raises(DataError):
        holm([0.5, 1.2])
    with pytest.raises(DataError):
        holm([0.5, float("nan")])
