from __future__ import annotations

import time

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from hf_auscult.errors import ConfigurationError, DataError
from hf_auscult.evaluation.probes import LogisticProbe, ProbeSettings
from hf_auscult.metrics import auroc


def _table(n: int, d: int, seed: int = 0, classes: int = 2, effect: float = 1.0):
    rng = np.random.default_rng(seed)
    direction = np.random.default_rng(99).standard_normal((classes, d)) / np.sqrt(d)
    y = rng.integers(0, classes, n)
    return effect * direction[y] * np.sqrt(d) / 4 + rng.standard_normal((n, d)) * np.linspace(0.5, 20, d), y


@pytest.mark.parametrize(("n", "d"), [(200, 10), (60, 300)])
@pytest.mark.parametrize("penalty", [1e-3, 1.0])
def test_probabilities_are_sklearns_also_when_rows_are_fewer_than_columns(n, d, penalty):
    x, y = _table(n, d)
    y[: n // 4] = 0  # unbalanced, so that the class weight matters
    scaler = StandardScaler().fit(x)
    reference = LogisticRegression(
        C=penalty, class_weight="balanced", solver="newton-cholesky", tol=1e-10, max_iter=200
    ).fit(scaler.transform(x), y)
    new, _ = _table(50, d, seed=1)
    probe = LogisticProbe().fit_fixed(x, y, penalty)
    assert probe.predict_proba(new) == pytest.approx(reference.predict_proba(scaler.transform(new)), abs=2e-4)


def test_penalty_is_the_best_on_validation_and_ties_take_the_strongest():
    x, y = _table(120, 40)
    x_val, y_val = _table(80, 40, seed=1)
    probe = LogisticProbe().fit(x, y, x_val, y_val)
    assert probe.validation[probe.penalty] == max(probe.validation.values())
    for penalty in probe.validation:
        alone = LogisticProbe().fit_fixed(x, y, penalty).predict_proba(x_val)[:, 1]
        assert probe.validation[penalty] == pytest.approx(auroc(y_val, alone), abs=2e-3)
    separable = np.array([[-2.0], [-1.0], [1.0], [2.0]])
    tied = LogisticProbe(ProbeSettings(penalties=(10.0, 0.1, 1.0))).fit(
        separable, [0, 0, 1, 1], separable, [0, 0, 1, 1]
    )
    assert tied.penalty == 0.1 and set(tied.validation.values()) == {1.0}


def test_weak_or_strong_penalty_is_chosen_when_it_is_right():
    rng = np.random.default_rng(0)
    y, y_val = np.tile([0, 1], 100), np.tile([0, 1], 100)
    # Ten strong but noisy copies of the label, and one exact column hidden behind a small share of the variance.
    noise, noise_val = rng.standard_normal(200), rng.standard_normal(200)
    x = np.column_stack([y + noise, noise])  # difference of the columns is the label: weak penalty needed
    x_val = np.column_stack([y_val + noise_val, noise_val])
    assert LogisticProbe().fit(x, y, x_val, y_val).penalty > 1e-3
    x, x_val = rng.standard_normal((200, 180)), rng.standard_normal((200, 180))
    x[:, :20] += 0.35 * y[:, None]
    x_val[:, :20] += 0.35 * y_val[:, None]
    assert LogisticProbe().fit(x, y, x_val, y_val).penalty < 1.0


def test_nothing_of_the_validation_set_reaches_the_fit_unless_refit():
    x, y = _table(100, 20)
    x_val, y_val = _table(60, 20, seed=1)
    one = ProbeSettings(penalties=(0.1,))
    fitted = LogisticProbe(one).fit(x, y, x_val, y_val).predict_proba(x)
    moved = LogisticProbe(one).fit(x, y, 10 * x_val - 5, 1 - y_val).predict_proba(x)
    assert np.array_equal(fitted, moved)
    refit = LogisticProbe(ProbeSettings(penalties=(0.1,), refit=True)).fit(x, y, x_val, y_val).predict_proba(x)
    both = LogisticProbe().fit_fixed(np.concatenate([x, x_val]), np.concatenate([y, y_val]), 0.1).predict_proba(x)
    assert np.array_equal(refit, both) and not np.allclose(refit, fitted)


def test_deterministic_and_blind_to_scale_offset_and_constant_columns():
    x, y = _table(150, 12)
    x_val, y_val = _table(80, 12, seed=1)
    first = LogisticProbe().fit(x, y, x_val, y_val)
    assert np.array_equal(LogisticProbe().fit(x, y, x_val, y_val).predict_proba(x), first.predict_proba(x))
    scale = np.linspace(0.001, 1000, 12)

    def changed(table):
        return np.column_stack([table * scale + 7, np.full(len(table), 0.1)])

    other = LogisticProbe().fit(changed(x), y, changed(x_val), y_val)
    assert other.penalty == first.penalty
    assert other.predict_proba(changed(x_val)) == pytest.approx(first.predict_proba(x_val), abs=1e-3)
    # A column that was constant in training must not speak up when it varies later.
    loud = changed(x_val)
    loud[:, -1] = 1e6
    assert other.predict_proba(loud) == pytest.approx(other.predict_proba(changed(x_val)))


def test_several_named_classes():
    x, y = _table(400, 15, classes=4, effect=40.0)
    names = np.array(["crackle", "normal", "poor", "wheeze"])
    x_val, y_val = _table(200, 15, seed=1, classes=4, effect=40.0)
    probe = LogisticProbe().fit(x, names[y], x_val, names[y_val])
    assert probe.classes.tolist() == names.tolist()
    probability = probe.predict_proba(x_val)
    assert probability.sum(axis=1) == pytest.approx(1.0)
    assert (
        probe.validation[probe.penalty] == pytest.approx(auroc(y_val, probability)) and auroc(y_val, probability) > 0.8
    )
    without = y_val != 2  # validation lacks a class: the mean is over those it can rank
    LogisticProbe().fit(x, names[y], x_val[without], names[y_val][without])


def test_subject_unit_chooses_the_penalty_by_people():
    x, y = _table(100, 30)
    x_val, y_val = _table(90, 30, seed=1)
    who = np.arange(90) // 3
    y_val = y_val[who * 3]
    settings = ProbeSettings(aggregate="subject")
    probe = LogisticProbe(settings).fit(x, y, x_val, y_val, subjects_val=who)
    score = LogisticProbe().fit_fixed(x, y, probe.penalty).predict_proba(x_val)[:, 1].reshape(30, 3).mean(axis=1)
    assert probe.validation[probe.penalty] == pytest.approx(auroc(y_val[::3], score), abs=5e-3)
    with pytest.raises(ConfigurationError, match="subjects_val"):
        LogisticProbe(settings).fit(x, y, x_val, y_val)


def test_wide_correlated_features_are_fast():
    rng = np.random.default_rng(0)
    factors = rng.standard_normal((500, 200)) * np.exp(-np.arange(200) / 30)
    x = factors @ rng.standard_normal((200, 6373)) + 0.02 * rng.standard_normal((500, 6373))
    y = (factors[:, 0] + rng.standard_normal(500) > 0).astype(int)
    LogisticProbe().fit_fixed(x[:40], y[:40])  # imports
    start = time.perf_counter()
    LogisticProbe().fit(x, y, x[:200], y[:200])
    assert time.perf_counter() - start < 6.0  # 0.8 s alone; 11 s without the change of basis


def test_many_columns_and_many_classes_use_the_other_solver_to_the_same_end(monkeypatch):
    import hf_auscult.evaluation.probes.linear as module

    x, y = _table(300, 40)
    newton = LogisticProbe().fit(x, y, x[:100], y[:100])
    monkeypatch.setattr(module, "_NEWTON_COLUMNS", 10)
    lbfgs = LogisticProbe().fit(x, y, x[:100], y[:100])
    assert lbfgs.penalty == newton.penalty
    assert lbfgs.predict_proba(x) == pytest.approx(newton.predict_proba(x), abs=2e-3)


def test_bad_input_is_named():
    x, y = _table(20, 3)
    with pytest.raises(DataError, match="only one class in train"):
        LogisticProbe().fit(x, np.zeros(20), x, y)
    with pytest.raises(DataError, match="one class among"):
        LogisticProbe().fit(x, y, x, np.zeros(20, dtype=int))
    with pytest.raises(DataError, match="never occur in train"):
        LogisticProbe().fit(x, y, x, y + 1)
    with pytest.raises(DataError, match="x_val"):
        LogisticProbe().fit(x, y, np.full((20, 3), np.nan), y)
    with pytest.raises(DataError, match="columns"):
        LogisticProbe().fit_fixed(x, y).predict_proba(x[:, :2])
    with pytest.raises(ConfigurationError, match="not fitted"):
        LogisticProbe().predict_proba(x)
    for wrong in ({"penalties": ()}, {"penalties": (0.0,)}, {"class_weight": "even"}, {"aggregate": "clip"}):
        with pytest.raises(ConfigurationError):
            ProbeSettings(**wrong)
