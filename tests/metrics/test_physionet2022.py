from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import accuracy_score

from hf_auscult.errors import DataError
from hf_auscult.metrics import murmur_weighted_accuracy, physionet2022_cost

from .cases import generators

MURMUR = np.array(["Present", "Unknown", "Absent"])
OUTCOME = np.array(["Abnormal", "Normal"])


def cost_written_out(outcome, predicted):
    """Total cost of all patients as the challenge's page states it, divided by their number."""
    n = len(outcome)
    referred = sum(guess in ("Abnormal", "Present", "Unknown") for guess in predicted)
    treated = missed = 0
    for truth, guess in zip(outcome, predicted, strict=True):
        if truth == "Abnormal":
            if guess in ("Normal", "Absent"):
                missed += 1
            else:
                treated += 1
    expert = (25 + 397 * referred / n - 1718 * (referred / n) ** 2 + 11296 * (referred / n) ** 4) * n
    return (10 * n + expert + 10000 * treated + 50000 * missed) / n


def test_agrees_with_the_formulas_written_out():
    for rng in generators():
        n = int(rng.integers(1, 150))
        outcome, referral = OUTCOME[rng.integers(0, 2, n)], OUTCOME[rng.integers(0, 2, n)]
        murmur, heard = MURMUR[rng.integers(0, 3, n)], MURMUR[rng.integers(0, 3, n)]
        assert physionet2022_cost(outcome, referral).cost == pytest.approx(cost_written_out(outcome, referral))
        assert physionet2022_cost(outcome, heard).cost == pytest.approx(cost_written_out(outcome, heard))
        weights = np.select([murmur == "Present", murmur == "Unknown"], [5, 3], 1)
        assert murmur_weighted_accuracy(murmur, heard) == pytest.approx(
            accuracy_score(murmur, heard, sample_weight=weights)
        )
        weights = np.where(outcome == "Abnormal", 5, 1)
        assert murmur_weighted_accuracy(outcome, referral) == pytest.approx(
            accuracy_score(outcome, referral, sample_weight=weights)
        )


def test_parts_of_the_cost_add_up():
    found = physionet2022_cost(["Abnormal", "Abnormal", "Normal", "Normal"], ["Abnormal", "Normal", "Normal", "Normal"])
    assert found.cost == pytest.approx(found.algorithm + found.expert + found.treatment + found.error)
    assert (found.patients, found.referred, found.missed) == (4, 1, 1)
    assert found.error == 12_500


def test_everybody_referred_and_nobody_referred():
    assert physionet2022_cost(["Normal"], ["Abnormal"]).cost == pytest.approx(10 + 25 + 397 - 1718 + 11296)
    assert physionet2022_cost(["Normal"], ["Normal"]).cost == pytest.approx(35)


def test_bad_input_is_refused():
    with pytest.raises(DataError, match=r"labels: holds \['present'\]"):
        murmur_weighted_accuracy(["present"], ["Present"])
    with pytest.raises(DataError, match="predicted"):
        murmur_weighted_accuracy(["Present"], ["Abnormal"])
    with pytest.raises(DataError, match="expected Abnormal, Normal"):
        physionet2022_cost(["Present"], ["Present"])
    with pytest.raises(DataError, match="None"):
        physionet2022_cost(["Normal", None], ["Normal", "Normal"])
    with pytest.raises(DataError, match="nan"):
        physionet2022_cost(["Normal"], [float("nan")])
    with pytest.raises(DataError, match="one word per patient"):
        physionet2022_cost([], [])
    with pytest.raises(DataError, match="numbers of rows"):
        physionet2022_cost(["Normal"], ["Normal", "Normal"])
