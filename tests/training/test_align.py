"""The alignment trainer: resuming, accumulation, two processes, and what reaches the loss."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from transformers import TrainerCallback, set_seed

from hf_auscult.alignment import objectives
from hf_auscult.audio import Augmentation
from hf_auscult.errors import ConfigurationError, DataError
from hf_auscult.training import AlignmentArguments, AlignmentCollator, AlignmentTrainer
from hf_auscult.training.align import last_complete_checkpoint
from tests import tiny

ROOT = Path(__file__).resolve().parents[2]


def arguments(folder: Path, **settings) -> AlignmentArguments:
    defaults = {
        "max_steps": 6,
        "per_device_train_batch_size": 4,
        "gradient_accumulation_steps": 1,
        "learning_rate": 1e-3,
        "warmup_steps": 2,
        "logging_steps": 1,
        "save_steps": 2,
        "disable_tqdm": True,
        "use_cpu": True,
    }
    return AlignmentArguments(str(folder), **{**defaults, **settings})


def trainer(folder: Path, model=None, callbacks=None, dataset=None, **settings) -> AlignmentTrainer:
    return AlignmentTrainer(
        model or tiny.model(),
        arguments(folder, **settings),
        train_dataset=dataset or tiny.dataset(),
        data_collator=AlignmentCollator(tiny.EXTRACTOR),
        callbacks=callbacks,
    )


class Kill(TrainerCallback):
    """Dies in the middle of a step, as a killed process does."""

    def __init__(self, step: int) -> None:
        self.step = step

    def on_step_end(self, args, state, control, **kwargs):
        if state.global_step == self.step:
            raise KeyboardInterrupt


def test_a_killed_and_resumed_run_ends_with_the_same_weights(tmp_path):
    augmentation = Augmentation(transforms=("gain", "normalise", "low_pass"))
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    set_seed(0)
    straight = trainer(whole, dataset=tiny.dataset(augmentation=augmentation))
    straight.train()

    set_seed(0)
    with pytest.raises(KeyboardInterrupt):
        trainer(broken, callbacks=[Kill(5)], dataset=tiny.dataset(augmentation=augmentation)).train()
    # A half-written checkpoint, as a kill during saving leaves it, must not be taken for the last good one.
    (broken / "checkpoint-5").mkdir()
    checkpoint = last_complete_checkpoint(broken)
    assert checkpoint == str(broken / "checkpoint-4")
    set_seed(123)
    resumed = trainer(broken, model=tiny.model(seed=9), dataset=tiny.dataset(augmentation=augmentation))
    resumed.train(resume_from_checkpoint=checkpoint)

    ours, theirs = resumed.model.state_dict(), straight.model.state_dict()
    assert all(torch.equal(ours[key], theirs[key]) for key in theirs)
    assert not all(torch.equal(value, tiny.model().state_dict()[key]) for key, value in theirs.items())


def test_fixed_tables_are_not_trained(tmp_path):
    run = trainer(tmp_path, max_steps=2)
    before = run.model.audio_encoder.pos_embed.clone()
    run.train()
    torch.testing.assert_close(run.model.audio_encoder.pos_embed, before, rtol=0, atol=0)


def test_accumulation_does_not_scale_the_loss(tmp_path):
    """Two micro-batches of 4 report the mean of their losses, not the sum (a known trap of `**kwargs` models)."""
    one = trainer(tmp_path / "a", model=tiny.model(dropout=0.0), max_steps=1)
    one.train()
    two = trainer(tmp_path / "b", model=tiny.model(dropout=0.0), max_steps=1, gradient_accumulation_steps=2)
    two.train()
    first, second = one.state.log_history[0], two.state.log_history[0]
    assert second["loss"] == pytest.approx(first["loss"], rel=0.3)
    assert second["grad_norm"] == pytest.approx(first["grad_norm"], rel=0.6)


def test_both_terms_are_logged_and_sum_to_the_loss(tmp_path):
    run = trainer(tmp_path, max_steps=2, alignment_weight=2.0, reconstruction_weight=0.5)
    run.train()
    entry = run.state.log_history[0]
    # The Trainer logs the loss rounded to four places.
    total = 2 * entry["alignment_loss"] + 0.5 * entry["reconstruction_loss"]
    assert entry["loss"] == pytest.approx(total, abs=1e-4)
    assert entry["logit_scale"] > 1


def test_audio_only_needs_no_text(tmp_path):
    run = trainer(tmp_path, max_steps=2, alignment_weight=0.0)
    head = run.model.text_projection.layers[0].weight.clone()
    run.train()
    assert "alignment_loss" not in run.state.log_history[0]
    torch.testing.assert_close(run.model.text_projection.layers[0].weight, head, rtol=0, atol=0)


def test_augmentation_reaches_the_batch():
    plain, loud = tiny.dataset(), tiny.dataset(augmentation=Augmentation(transforms=("gain",)))
    one, two = plain[(0, 3)]["waveform"], loud[(0, 3)]["waveform"]
    assert two.std() / one.std() == pytest.approx(10 ** (5 / 20), rel=1e-3)


def test_draws_follow_from_seed_epoch_and_position_only():
    first, second = tiny.dataset(seed=1), tiny.dataset(seed=1)
    second[(0, 0)], second[(7, 3)]
    for key in ("waveform", "noise", "text_embedding"):
        assert (first[(2, 5)][key] == second[(2, 5)][key]).all()
    assert not (first[(2, 5)]["noise"] == first[(3, 5)]["noise"]).all()


def test_each_batch_holds_one_dataset(tmp_path):
    from hf_auscult.training.dataset import EpochSampler

    groups = ["a"] * 10 + ["b"] * 7
    sampler = EpochSampler(groups, batch=4, seed=0)
    order = [position for _, position in sampler]
    assert len(order) == len(sampler) == 12
    for start in range(0, 12, 4):
        assert len({groups[position] for position in order[start : start + 4]}) == 1
    sampler.set_epoch(1)
    assert [position for _, position in sampler] != order
    with pytest.raises(ConfigurationError, match=r"batch of 8: b \(7\)"):
        EpochSampler(groups, batch=8)


def test_an_objective_from_outside_the_tree_trains(tmp_path):
    """One documented call, and its name works wherever a shipped objective's does, in sums too."""

    class Distance(objectives.Objective):
        """Mean absolute difference of the pairs."""

        name = "distance"

        def loss(self, audio, text, extras):
            return (audio - text).abs().mean()

    objectives.register(Distance)
    try:
        run = trainer(tmp_path / "alone", model=tiny.model(dropout=0.0), max_steps=2, objective="distance")
        before = run.model.text_projection.layers[0].weight.clone()
        run.train()
        assert run.state.global_step == 2
        assert not torch.equal(run.model.text_projection.layers[0].weight, before)
        both = trainer(tmp_path / "sum", model=tiny.model(dropout=0.0), max_steps=2, objective="distance+infonce")
        both.train()
        losses = [found.state.log_history[0]["alignment_loss"] for found in (run, both)]
        assert 0 < losses[0] < losses[1]
        with pytest.raises(ConfigurationError, match="already names Distance"):
            objectives.register(type("Other", (objectives.Objective,), {"name": "distance"}))
    finally:
        del objectives.OBJECTIVES["distance"]
    for bad in (dict, type("Sum", (objectives.Objective,), {"name": "a+b"}), type("No", (objectives.Objective,), {})):
        with pytest.raises(ConfigurationError):
            objectives.register(bad)


def test_bad_settings_are_refused(tmp_path):
    with pytest.raises(ConfigurationError, match="unknown objective"):
        arguments(tmp_path, objective="magic")
    with pytest.raises(ConfigurationError, match="both loss weights are 0"):
        arguments(tmp_path, alignment_weight=0.0, reconstruction_weight=0.0)
    with pytest.raises(DataError, match="no recordings"):
        tiny.dataset(0)


def test_defaults_are_the_paper_s_recipe(tmp_path):
    args = AlignmentArguments(str(tmp_path))
    assert (args.learning_rate, args.weight_decay, args.num_train_epochs) == (1e-5, 1e-2, 50)
    assert (args.per_device_train_batch_size, args.gradient_accumulation_steps) == (24, 2)
    assert (args.warmup_steps, args.max_grad_norm, args.lr_scheduler_type) == (400, 1.0, "linear")
    assert (args.alignment_weight, args.reconstruction_weight) == (1.0, 1.0)


@pytest.mark.slow
@pytest.mark.parametrize(
    "objective",
    [
        "debiased_cka",
        "infonce+cka/grad_cache",
        pytest.param("infonce", marks=pytest.mark.exhaustive),  # the exactness tests have it for every kind of encoder
        pytest.param("audio_only", marks=pytest.mark.exhaustive),
    ],
)
def test_two_processes_have_the_loss_and_the_gradient_of_one(tmp_path, objective):
    """Batch 8 in one process and 4 + 4 in two: the same loss and, after three SGD steps, the same weights.

    With GradCache two processes accumulate 2 + 2 rows each, with a memory of earlier batches.
    """
    found = {}
    for processes in (1, 2):
        output = tmp_path / f"{processes}.pt"
        command = [sys.executable, "-m", "torch.distributed.run", "--standalone", f"--nproc_per_node={processes}"]
        script = ROOT / "tests" / "training" / "two_processes.py"
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "ACCELERATE_USE_CPU": "true", "OMP_NUM_THREADS": "1"}
        done = subprocess.run(
            [*command, str(script), objective, str(tmp_path / f"run{processes}"), str(output)],
            capture_output=True,
            text=True,
            env=environment,
            timeout=240,
            check=False,
        )
        assert done.returncode == 0, done.stderr[-2000:]
        found[processes] = torch.load(output, weights_only=True)
        assert json.loads(done.stdout.splitlines()[-1])["processes"] == processes
    torch.testing.assert_close(found[2]["loss"], found[1]["loss"], rtol=1e-4, atol=1e-4)
    for key, value in found[1]["state"].items():
        torch.testing.assert_close(found[2]["state"][key], value, rtol=1e-4, atol=1e-6, msg=key)
