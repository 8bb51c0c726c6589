from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from sklearn.metrics import f1_score

from hf_auscult.errors import ConfigurationError
from hf_auscult.evaluation.probes import AUSCULTABENCH, AUSCULTABENCH_MULTILABEL, PublishedProbe, run_probe

from .generated import several_classes


def _loop(x, table, settings, epochs, multilabel):
    """The original head written out: probabilities on the test rows after every epoch."""
    torch.manual_seed(0)
    train, test = (torch.from_numpy(part) for part in np.split(x, 2))
    truth = torch.from_numpy(table[: len(train)].astype(np.float32))
    head = torch.nn.Linear(x.shape[1], table.shape[1])
    torch.nn.init.xavier_uniform_(head.weight)
    torch.nn.init.zeros_(head.bias)
    adam = torch.optim.Adam(head.parameters(), lr=1e-4)
    schedule = torch.optim.lr_scheduler.StepLR(adam, 1, gamma=0.99)
    rows = torch.utils.data.TensorDataset(train, truth)
    loader = torch.utils.data.DataLoader(rows, batch_size=32, shuffle=True)
    after = []
    for _ in range(epochs):
        for features, labels in loader:
            out = head(features)
            if multilabel:
                loss = torch.nn.functional.binary_cross_entropy(out.sigmoid(), labels)
            else:
                loss = torch.nn.functional.cross_entropy(out, labels.argmax(1))
            loss = loss + 1e-5 * sum(p.pow(2).sum() for p in head.parameters())
            adam.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(head.parameters(), 1.0)
            adam.step()
        schedule.step()
        out = head(test).detach()
        after.append((out.sigmoid() if multilabel else out.softmax(1)).numpy())
        next(iter(torch.utils.data.DataLoader(rows)))  # its test loader draws the workers' seed
    return after


@pytest.mark.parametrize("multilabel", [False, True])
def test_head_schedule_and_choice_on_the_test_rows(multilabel):
    x, y = several_classes(200, 16, 3, seed=2, shift=1.5)
    table = np.eye(3, dtype=int)[y]
    if multilabel:
        table[:, 2] |= table[:, 0]
    split = np.repeat(["train", "test"], 100)
    settings = replace(AUSCULTABENCH_MULTILABEL if multilabel else AUSCULTABENCH, epochs=6, seeds=(0,))
    outcome = run_probe(x, table if multilabel else y, np.arange(200), split, settings)
    after = _loop(x, table, settings, 6, multilabel)
    if multilabel:
        figures = [f1_score(table[100:], p >= 0.5, average="macro", zero_division=0) for p in after]
    else:
        figures = [f1_score(y[100:], p.argmax(1), average="macro") for p in after]
    best = max(epoch for epoch in range(6) if figures[epoch] == max(figures))
    assert outcome.best_epochs == ((best,),)
    assert outcome.scores[0] == pytest.approx(after[best], abs=1e-5)
    assert outcome.selected_on_test


def test_settings_that_contradict_themselves_are_refused():
    for wrong in (
        {"every_n_epochs": 65},
        {"seeds": ()},
        {"batch_size": 0},
        {"kind": "regression"},
        {"monitor": "mae"},
        {"kind": "multilabel"},
    ):
        with pytest.raises(ConfigurationError):
            PublishedProbe(**wrong)
