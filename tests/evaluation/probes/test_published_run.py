"""Against the original scripts: OPERA's linear_eval.py run on generated tables (Lightning 2.6, torch 2.11, CPU)."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
import pytest
import torch
from sklearn.model_selection import train_test_split

from hf_auscult.errors import ConfigurationError, DataError
from hf_auscult.evaluation.probes import (
    MMLUNG,
    NOSEMIC,
    OPERA,
    OPERA_TASKS,
    Fold,
    Target,
    leave_one_subject_out,
    run_probe,
)
from hf_auscult.evaluation.probes.published_training import learned_rows, torchmetrics_auroc
from hf_auscult.evaluation.task import BenchmarkTask

from .generated import several_classes, two_classes, values

# fmt: off
COVID_UK = [
    0.531828,
    0.506091,
    0.531736,
    0.535845,
    0.520771,
]
KAUH = [
    0.589169,
    0.605042,
    0.542484,
    0.522876,
    0.602241,
]
KAUH_MLP = 0.636788
COPD = [
    0.455079,
    0.45913,
]
MMLUNG_MAE = [
    0.386195,
    0.817271,
    1.789204,
    0.184485,
    1.316614,
    0.08556,
    0.396067,
    0.450191,
    0.263604,
    1.096213,
    0.298046,
    0.424243,
    0.635877,
    0.782292,
    0.261891,
    0.233687,
    0.348945,
    0.604531,
    0.03648,
    0.419865,
    0.202076,
    2.335308,
    0.03751,
    0.039136,
    0.883552,
    0.451938,
    0.511811,
    0.157612,
    0.214356,
    0.539698,
    0.053558,
    0.139719,
    0.594123,
    0.77712,
    0.714159,
    0.736272,
    0.13846,
    0.388288,
    0.275846,
    0.299789,
]
NOSEMIC_MAE = [
    3.27189,
    2.479103,
    2.553592,
    2.921603,
    2.975024,
    2.106483,
    3.219481,
    3.847124,
    3.082387,
    2.79663,
    3.501071,
    2.332406,
    3.757748,
    4.145105,
    2.066376,
    2.784517,
]
# fmt: on


def _aurocs(outcome, y):
    truth = torch.from_numpy(y[outcome.test_rows])
    return [torchmetrics_auroc(torch.from_numpy(run).float(), truth) for run in outcome.scores]


def test_five_seeds_of_2500_by_768_equal_the_original_and_take_seconds():
    x, y = two_classes(2500, 768, 840 / 2500, seed=16, shift=0.2)
    split = np.repeat(["train", "validation", "test"], [1000, 500, 1000])
    started = time.process_time()
    outcome = run_probe(x, y, np.arange(2500), split, OPERA_TASKS["coviduk"])
    assert time.process_time() - started < 10  # 2 s alone
    assert _aurocs(outcome, y) == pytest.approx(COVID_UK, abs=5e-5)
    assert outcome.best_epochs == ((63, 44, 63, 63, 61),)
    assert outcome.classes == (0, 1) and outcome.scores.shape == (5, 1000, 2) and not outcome.selected_on_test


def test_validation_cut_and_checkpoints_every_five_epochs_equal_the_original():
    x, y = two_classes(234, 384, 160 / 234, seed=3, shift=0.3)
    split = np.repeat(["train", "test"], [162, 72])
    outcome = run_probe(x, y, np.arange(234), split, OPERA_TASKS["kauh"])
    assert _aurocs(outcome, y) == pytest.approx(KAUH, abs=5e-5)
    assert outcome.best_epochs == ((49, 39, 39, 34, 49),)


def test_the_mlp_head_equals_the_original():
    from dataclasses import replace

    x, y = two_classes(234, 384, 160 / 234, seed=3, shift=0.3)
    settings = replace(OPERA_TASKS["kauh"], head="mlp", seeds=(0,))
    outcome = run_probe(x, y, np.arange(234), np.repeat(["train", "test"], [162, 72]), settings)
    assert _aurocs(outcome, y) == pytest.approx([KAUH_MLP], abs=5e-5)


def test_five_classes_equal_the_original():
    from dataclasses import replace

    x, y = several_classes(504, 384, 5, seed=4)
    split = np.repeat(["train", "validation", "test"], [312, 84, 108])
    outcome = run_probe(x, y, np.arange(504), split, replace(OPERA_TASKS["copd"], seeds=(0, 1)))
    assert _aurocs(outcome, y) == pytest.approx(COPD, abs=5e-5)


def test_forty_people_left_out_equal_the_original_and_take_seconds():
    x, y = values(40, 768, seed=5)
    folds = leave_one_subject_out(np.arange(40))
    started = time.process_time()
    outcome = run_probe(x, y, np.arange(40), folds, MMLUNG)
    assert time.process_time() - started < 5  # 0.4 s alone
    assert np.abs(outcome.scores[0, :, 0] - y) == pytest.approx(MMLUNG_MAE, abs=1e-5)


def test_sixteen_people_with_several_recordings_equal_the_original():
    x, y = values(320, 768, seed=6, mean=18, sd=4)
    who = np.arange(320) % 16
    outcome = run_probe(x, y, who, leave_one_subject_out(who)[:4], NOSEMIC)
    error = np.abs(outcome.scores[0, :, 0] - y[outcome.test_rows]).reshape(4, 20).mean(axis=1)
    assert error == pytest.approx(NOSEMIC_MAE[:4], abs=1e-5)


def test_the_engine_equals_the_loop_written_out():
    """One seed, torch's own loader, layer, optimiser and clipping."""
    from dataclasses import replace

    x, y = two_classes(150, 24, 0.4, seed=1, shift=0.5)
    settings = replace(OPERA, epochs=5, batch_size=32, seeds=(3,), learning_rate=1e-2, l2=1e-2, clip=0.5)
    outcome = run_probe(x, y, np.arange(150), np.repeat(["train", "validation", "test"], 50), settings)

    parts = [torch.utils.data.TensorDataset(torch.from_numpy(x[r]), torch.from_numpy(y[r])) for r in _thirds(150)]
    torch.manual_seed(3)
    train, validation = (torch.utils.data.DataLoader(p, batch_size=32, shuffle=True) for p in parts[:2])
    head = torch.nn.Linear(24, 2)
    head.weight.data.normal_(mean=0.0, std=0.01)
    head.bias.data.zero_()
    adam = torch.optim.Adam(head.parameters(), lr=1e-2)
    best, kept = -1.0, None
    for _ in range(5):
        for rows, labels in train:
            loss = torch.nn.functional.cross_entropy(head(rows) + 1e-10, labels)
            loss = loss + 1e-2 * sum(p.pow(2).sum() for p in head.parameters())
            adam.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(head.parameters(), 0.5)
            adam.step()
        adam.param_groups[0]["lr"] *= 0.97
        held = [(head(rows).detach().softmax(1), labels) for rows, labels in validation]
        value = torchmetrics_auroc(torch.cat([p for p, _ in held]), torch.cat([labels for _, labels in held]))
        if value > best:
            best, kept = value, head(parts[2].tensors[0]).detach().softmax(1).numpy()
    assert outcome.scores[0] == pytest.approx(kept, abs=1e-5)


def _thirds(n):
    return np.split(np.arange(n), 3)


def test_protocols_that_do_not_fit_are_refused():
    x, y = two_classes(60, 4, 0.5, seed=0, shift=1.0)
    split = np.repeat(["train", "test"], 30)
    with pytest.raises(ConfigurationError, match="validation rows"):
        run_probe(x, y, np.arange(60), split, OPERA)
    with pytest.raises(ConfigurationError, match="protocol for classification"):
        run_probe(x, Target.of(y, "regression"), np.arange(60), split, OPERA)
    y[:30] = 0
    y[0] = 1
    with pytest.raises(DataError, match="validation cut"):
        run_probe(x, y, np.arange(60), split, OPERA_TASKS["kauh"])


def test_one_fold_given_by_hand_cuts_as_scikit_learn_does():
    x, y = two_classes(100, 8, 0.5, seed=0, shift=1.0)
    fold = Fold(np.arange(70), np.arange(70, 100))
    by_cut = run_probe(x, y, np.arange(100), [fold], OPERA_TASKS["kauh"])
    train, held = train_test_split(np.arange(70), test_size=0.1, random_state=1337, stratify=y[:70])
    by_hand = run_probe(x, y, np.arange(100), [Fold(train, np.arange(70, 100), held)], OPERA_TASKS["kauh"])
    assert np.array_equal(by_cut.scores, by_hand.scores)


def test_opensmile_columns_are_standardised_in_a_fold_and_other_features_are_not():
    """The same figures as columns that were standardised beforehand, fold by fold, as OPERA's script does it."""
    x, y = values(8, 24, 0)
    x = x * np.linspace(1, 1e3, x.shape[1]) + 50
    folds = leave_one_subject_out(np.arange(8))[:2]
    plain = BenchmarkTask("s", "T1", "FVC", "d", "c", ("mae",), target="value", published="opera-mmlung")
    assert plain.probe("published") == plain.probe("published", "vggish") == MMLUNG
    settings = plain.probe("published", "opensmile")
    assert settings.standardise
    found = run_probe(x, Target.of(y, "regression"), np.arange(8), folds[:1], settings)
    train = x[folds[0].train]
    ready = (x - train.mean(axis=0)) / train.std(axis=0)
    by_hand = run_probe(ready, Target.of(y, "regression"), np.arange(8), folds[:1], MMLUNG)
    np.testing.assert_allclose(found.scores, by_hand.scores, rtol=1e-5)
    raw = run_probe(x, Target.of(y, "regression"), np.arange(8), folds[:1], MMLUNG)
    assert abs(raw.scores - found.scores).max() > 0.01


def test_vggish_on_coswara_learns_from_as_many_rows_of_each_class():
    task = BenchmarkTask("s", "T1", "Smoker", "coswara", "smoker", published="opera-coswara")
    settings = task.probe("published", "vggish")
    assert settings.downsample and not task.probe("published", "opera").downsample
    y = torch.tensor([0] * 30 + [1] * 7)
    rows = learned_rows(y, settings, 3)
    assert torch.bincount(y[rows]).tolist() == [7, 7] and len(set(rows.tolist())) == 14
    np.random.seed(3)
    expected = [np.random.choice(np.where(y == c)[0], 7, replace=False) for c in (0, 1)]
    assert rows.tolist() == np.concatenate(expected).tolist()
    assert learned_rows(y, OPERA, 3).tolist() == list(range(37))
    rng = np.random.default_rng(0)
    x = rng.standard_normal((60, 4)) + np.repeat([0, 1], [45, 15])[:, None]
    split = np.tile(["train", "train", "train", "test"], 15)
    target, few = Target.of(np.repeat([0, 1], [45, 15])), replace(settings, epochs=2)
    balanced = run_probe(x, target, np.arange(60), split, few)
    everything = run_probe(x, target, np.arange(60), split, replace(few, downsample=False))
    assert balanced.scores.shape == everything.scores.shape and not np.array_equal(balanced.scores, everything.scores)
