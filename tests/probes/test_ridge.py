"""Ridge regression with people left out."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import Ridge
from sklearn.preprocessing import StandardScaler

from hf_auscult.errors import DataError
from hf_auscult.probes.ridge import PENALTIES, leave_one_subject_out


def data(people=14, each=2, d=30, seed=0):
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((people * each, d))
    return x, 3 + x[:, :3].sum(1) + 0.5 * rng.standard_normal(people * each), np.arange(people * each) % people


def plain(x, y, held):
    """The other people's best penalty by refitting without each of them, and its prediction."""
    scaler = StandardScaler().fit(x[~held])
    return scaler.transform(x[~held]), y[~held], scaler.transform(x[held])


def test_equals_refitting_without_each_person():
    x, y, who = data()
    found = leave_one_subject_out(x, y, who)
    for person in (0, 5):
        held = who == person
        z, known, z_held = plain(x, y, held)
        owner = who[~held]
        errors = {}
        for penalty in sorted(PENALTIES, reverse=True):
            parts = []
            for other in np.unique(owner):
                left = owner == other
                # The columns stay standardised over all training people, as in the closed form.
                model = Ridge(penalty, fit_intercept=False)
                centred = z[~left]
                ones = np.ones((len(centred), 1)) * 1e6  # an intercept that is not penalised
                model.fit(np.hstack([centred, ones]), known[~left])
                fitted = model.predict(np.hstack([z[left], np.ones((left.sum(), 1)) * 1e6]))
                parts.append(np.abs(known[left] - fitted).mean())
            errors[penalty] = np.mean(parts)
        best = min(errors, key=lambda penalty: (round(errors[penalty], 9), -penalty))
        assert found.penalties[str(person)] == best
        expected = Ridge(best).fit(z, known).predict(z_held)
        assert found.predicted[held] == pytest.approx(expected)
        assert found.baseline[held] == pytest.approx(known.mean())


def test_a_person_never_tells_on_himself():
    x, y, who = data()
    changed = y.copy()
    changed[who == 3] += 100
    before, after = leave_one_subject_out(x, y, who), leave_one_subject_out(x, changed, who)
    assert np.array_equal(before.predicted[who == 3], after.predicted[who == 3])


def test_noise_is_predicted_by_the_mean():
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((40, 768)), rng.standard_normal(40)
    found = leave_one_subject_out(x, y, np.arange(40))
    assert np.abs(found.predicted - found.baseline).max() < 0.5


def test_row_order_does_not_matter():
    x, y, who = data()
    order = np.random.default_rng(1).permutation(len(y))
    assert leave_one_subject_out(x[order], y[order], who[order]).predicted == pytest.approx(
        leave_one_subject_out(x, y, who).predicted[order]
    )


def test_two_people_are_refused():
    with pytest.raises(DataError, match="2 people"):
        leave_one_subject_out([[1.0], [2.0]], [1.0, 2.0], ["a", "b"])
