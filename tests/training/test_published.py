"""`recipe: published` follows AcuLa's released code where it is more than a value."""

from __future__ import annotations

import pytest
import torch

from hf_auscult.recipes.align.config import PUBLISHED
from tests import tiny
from tests.training.test_align import trainer

VALUES = {**PUBLISHED["training"], "preservation": "auto"}


def released_rate(step: int, total: int) -> float:
    """Learning rate of an optimizer step, counted from 1, as `get_linear_schedule_with_warmup` has it."""
    done = step - 1
    return 1e-5 * (done / 400 if done < 400 else max(0.0, (total - done) / max(1, total - 400)))


def test_learning_rate_and_parameter_groups(tmp_path):
    """7 batches an epoch and 2 a step: 4 steps are done, 3 are counted; every parameter is decayed."""
    settings = {**VALUES, "per_device_train_batch_size": 2, "num_train_epochs": 200}
    run = trainer(tmp_path, dataset=tiny.dataset(15), **settings)
    steps = 4 * 200
    optimizer = run.create_optimizer()
    schedule = run.create_scheduler(steps, optimizer)
    decayed = [group for group in optimizer.param_groups if group["params"]]
    assert [group["weight_decay"] for group in decayed] == [1e-2]
    assert len(decayed[0]["params"]) == len(list(run.model.parameters()))
    assert type(optimizer).__name__ == "AdamW"
    assert (optimizer.defaults["betas"], optimizer.defaults["eps"]) == ((0.9, 0.999), 1e-8)
    rates = []
    for _ in range(steps):
        rates.append(schedule.get_last_lr()[0])
        optimizer.step()
        schedule.step()
    assert rates == pytest.approx([released_rate(step, 3 * 200) for step in range(1, steps + 1)], abs=1e-9)
    assert rates[0] == 0.0
    assert rates[399] == pytest.approx(1e-5 * 399 / 400, abs=1e-9)
    assert rates[-1] == 0.0


def test_an_incomplete_accumulation_weighs_what_its_rows_weigh(tmp_path):
    """3 batches an epoch, 2 a step: the second step's gradient is divided by 2 all the same."""
    norms = {}
    for recipe in ("ours", "published"):
        run = trainer(
            tmp_path / recipe,
            model=tiny.model(dropout=0.0),
            dataset=tiny.dataset(12),
            recipe=recipe,
            max_steps=2,
            gradient_accumulation_steps=2,
            learning_rate=0.0,
        )
        run.train()
        norms[recipe] = [entry["grad_norm"] for entry in run.state.log_history if "loss" in entry]
    assert norms["published"][0] == pytest.approx(norms["ours"][0], rel=1e-5)
    assert norms["published"][1] == pytest.approx(norms["ours"][1] / 2, rel=1e-5)


def test_datasets_are_mixed_in_a_batch(tmp_path):
    for recipe, groups in (("ours", 1), ("published", 2)):
        run = trainer(tmp_path, dataset=tiny.dataset(16, groups=2), recipe=recipe)
        order = [position for _, position in run._get_train_sampler()]
        assert max(len({position % 2 for position in order[start : start + 4]}) for start in range(0, 16, 4)) == groups


def test_tensors_are_float32(tmp_path):
    run = trainer(tmp_path, **{**VALUES, "max_steps": 1, "per_device_train_batch_size": 4})
    run.train()
    assert {value.dtype for value in run.model.parameters()} == {torch.float32}
    assert not (run.args.bf16 or run.args.fp16)
