"""The short form of coverage_simulation.py: the settings in which the percentile bootstrap fails, and easy ones."""

from __future__ import annotations

import math

import pytest

from .coverage_simulation import FIGURES, Design, cells, measure

SIMULATIONS = 400
CHOSEN = {
    "auroc": (
        {"people": 12, "recordings": 1, "auroc": 0.7, "prevalence": 0.25},  # bootstrap: .81
        {"people": 12, "recordings": 1, "auroc": 0.95, "prevalence": 0.5},  # bootstrap: .75
        {"people": 12, "recordings": 4, "auroc": 0.85, "prevalence": 0.25},
        {"people": 65, "recordings": 4, "auroc": 0.85, "prevalence": 0.1},
    ),
    "difference": (
        {"people": 65, "recordings": 1, "better": 0.7, "worse": None, "prevalence": 0.25},
        {"people": 65, "recordings": 4, "better": 0.85, "worse": 0.7, "prevalence": 0.25},
    ),
    "macro_f1": (
        {"people": 65, "recordings": 1, "shares": (0.5, 0.5), "separation": 2.0},
        {"people": 65, "recordings": 4, "shares": (0.5, 0.25, 0.25), "separation": 1.0},
    ),
    "sensitivity": (
        {"people": 20, "recordings": 1, "sensitivity": 0.95, "prevalence": 0.25},
        {"people": 65, "recordings": 4, "sensitivity": 0.8, "prevalence": 0.25},
    ),
    "mae": ({"people": 12, "recordings": 1}, {"people": 65, "recordings": 4}),
    "recall": (
        {"people": 20, "recordings": 1, "k": 1, "noise": 1.0},
        {"people": 20, "recordings": 4, "k": 5, "noise": 0.5},
    ),
    "over_runs": (
        {"people": 65, "recordings": 1, "runs": 3, "spread": 0.4, "difference": True, "prevalence": 0.5},  # people: .60
    ),
}
EXACT = ("sensitivity", "recall", "over_runs")  # Clopper-Pearson may cover more, and seeds that do not differ


UNEQUAL = {
    "auroc": {"people": 65, "recordings": "unequal", "auroc": 0.85, "prevalence": 0.25},  # by equal people: .90
    "sensitivity": {"people": 65, "recordings": "unequal", "sensitivity": 0.8, "prevalence": 0.5},
    "mae": {"people": 20, "recordings": "unequal"},
}


@pytest.mark.parametrize("figure", UNEQUAL)
def test_people_of_unequal_numbers_of_recordings(figure):
    for setting, truth, draw in cells(figure, Design(recordings=("unequal",))):
        if setting == UNEQUAL[figure]:
            cell = measure(setting, truth, draw, SIMULATIONS)
            assert cell.given > 0.9 and cell.coverage >= 0.93 - 3 * math.sqrt(0.05 * 0.95 / SIMULATIONS), cell
            return
    raise AssertionError("no such setting")


@pytest.mark.parametrize("figure", FIGURES)
def test_intervals_hold_the_truth_as_often_as_they_say(figure):
    wanted = [str(setting) for setting in CHOSEN[figure]]
    seen = 0
    for setting, truth, draw in cells(figure):
        if str(setting) in wanted:
            seen += 1
            cell = measure(setting, truth, draw, SIMULATIONS)
            count = SIMULATIONS * cell.given
            noise = 3 * math.sqrt(0.05 * 0.95 / count)
            assert cell.given > 0.4, cell
            assert cell.coverage >= 0.93 - noise, cell
            assert figure in EXACT or cell.coverage <= 0.98 + noise / 2, cell
    assert seen == len(wanted)
