"""Model folders load without the rest of the package, so what several of them need stands in each: the same bytes."""

from __future__ import annotations

from pathlib import Path

import pytest

MODELS = Path(__file__).parents[2] / "hf_auscult" / "models"


@pytest.mark.parametrize("name", ["heads.py", "cola.py", "layers_htsat.py"])
def test_copies_are_the_same(name):
    copies = {path.parent.name: path.read_bytes() for path in MODELS.glob(f"*/{name}")}
    assert len(copies) > 1, "a file of one folder needs no test"
    assert len(set(copies.values())) == 1, f"{name} differs among {sorted(copies)}"
