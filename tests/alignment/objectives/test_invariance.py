"""What each objective is blind to, as its docstring says."""

from __future__ import annotations

import pytest
import torch

from hf_auscult.alignment.objectives import OBJECTIVES, get
from tests.alignment.objectives.pairs import NAMES, related, rotation

# one side rotated, both sides rotated alike, one side scaled, one side shifted
UNCHANGED = {
    "published": (False, True, True, True),
    "cka": (True, True, True, True),
    "debiased_cka": (True, True, True, True),
    "infonce": (False, True, True, False),
    "siglip": (False, True, True, False),
    "multi_positive": (False, True, True, False),
    "mse": (False, True, False, False),
    "debiased_cka+infonce": (False, True, True, False),
}


@pytest.mark.parametrize("name", NAMES)
def test_permuting_the_reports(name):
    """The released loss alone cannot see which report belongs to which recording, whatever the permutation."""
    audio, text = related()
    objective = get(name)
    for seed in range(5):
        order = torch.randperm(len(text), generator=torch.Generator().manual_seed(seed))
        change = float(objective(audio, text[order]) - objective(audio, text))
        if name == "published":
            assert not objective.sees_pairing
            assert abs(change) < 1e-12
        else:
            assert objective.sees_pairing
            assert change > 1e-2, "the true pairing must be the better one"


@pytest.mark.parametrize("name", NAMES)
def test_permuting_pairs_together_changes_nothing(name):
    audio, text = related()
    order = torch.randperm(len(text), generator=torch.Generator().manual_seed(0))
    assert float(get(name)(audio[order], text[order])) == pytest.approx(float(get(name)(audio, text)), abs=1e-12)


@pytest.mark.parametrize("name", NAMES)
def test_rotation_scale_and_shift(name):
    audio, text = related()
    objective, turn = get(name), rotation(16)
    shift = torch.linspace(-1, 1, 16, dtype=torch.float64)
    changed = (
        objective(audio, text @ turn),
        objective(audio @ turn, text @ turn),
        objective(audio, 3.7 * text),
        objective(audio + shift, text),
    )
    plain = objective(audio, text)
    assert tuple(abs(float(value - plain)) < 1e-9 for value in changed) == UNCHANGED[name]
    # A pair-wise frame is what a rotation of one side destroys.
    assert objective.shared_frame or name in ("published", "cka", "debiased_cka")


@pytest.mark.parametrize("name", ["infonce", "siglip", "multi_positive"])
def test_only_directions_count(name):
    audio, text = related()
    lengths = torch.linspace(0.1, 9, len(text), dtype=torch.float64)[:, None]
    assert float(get(name)(audio * lengths, text)) == pytest.approx(float(get(name)(audio, text)), abs=1e-12)
    assert abs(float(get("cka")(audio * lengths, text) - get("cka")(audio, text))) > 1e-3


def test_docstrings_say_what_an_objective_is_blind_to():
    for objective in OBJECTIVES.values():
        for heading in ("Inputs:", "Blind to:", "Relations:"):
            assert heading in objective.__doc__, (objective, heading)
