"""Every encoder against its original implementation, both weight variants, from the published container inwards."""

from __future__ import annotations

import pytest

from tests.models.parity import cases, rows
from tests.reference import load_case


@pytest.mark.slow
# `make parity` compares both.
@pytest.mark.parametrize("variant", ["fixed", pytest.param("fanin", marks=pytest.mark.exhaustive)])
@pytest.mark.parametrize("name", cases())
def test_parity(name, variant, shared, tmp_path):
    parity = cases()[name]
    found = list(rows(parity, load_case(shared, parity.case), variant, tmp_path / "work"))
    outside = [
        f"{row.array} ({row.start}): {row.error:.3g} > {row.tolerance:.3g}"
        for row in found
        if row.error > row.tolerance
    ]
    assert not outside, outside
    assert any(row.start == "waveform" for row in found), "no array was reproduced from the waveform"
