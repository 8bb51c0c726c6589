"""What used to go wrong in silence: NaN, too few recordings, one class, decayed temperatures, idle parameters."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from transformers import TrainerCallback

from hf_auscult.errors import AuscultError, ConfigurationError, DataError, NonFiniteAudioError, TrainingError
from hf_auscult.training import AlignmentCollator
from hf_auscult.training.align import last_complete_checkpoint
from hf_auscult.training.trainer import LARGEST_LOGIT_SCALE, FiniteWatch
from tests import tiny
from tests.training.test_align import trainer


def test_a_loss_that_is_nan_stops_the_run_and_leaves_the_checkpoint(tmp_path):
    """Learning rate 1e6 from the third step on: the run ends within a step, nothing bad is saved."""
    run = trainer(tmp_path, max_steps=12, save_steps=1, learning_rate=1e-3, warmup_steps=0)
    step = run.training_step

    def poisoned(model, inputs, items=None):
        if run.state.global_step >= 2:
            inputs = {**inputs, "input_features": inputs["input_features"] * float("nan")}
        return step(model, inputs, items)

    run.training_step = poisoned
    with pytest.raises(TrainingError, match="step 3: the loss or its gradient is NaN"):
        run.train()
    assert run.state.global_step == 2
    checkpoint = last_complete_checkpoint(tmp_path)
    assert checkpoint == str(tmp_path / "checkpoint-2")
    resumed = trainer(tmp_path, max_steps=4, save_steps=1)
    resumed.train(resume_from_checkpoint=checkpoint)
    assert all(bool(value.isfinite().all()) for value in resumed.model.state_dict().values())


def test_a_learning_rate_of_a_million_is_an_error_not_a_loss_of_0(tmp_path):
    run = trainer(
        tmp_path, max_steps=12, save_steps=1, learning_rate=1e6, warmup_steps=0, max_grad_norm=0.0, optim="sgd"
    )
    with pytest.raises(TrainingError):
        run.train()
    assert all(np.isfinite(entry["loss"]) for entry in run.state.log_history if "loss" in entry)
    checkpoint = last_complete_checkpoint(tmp_path)
    if checkpoint:
        state = tiny.model().from_pretrained(checkpoint).state_dict()
        assert all(bool(value.isfinite().all()) for value in state.values())


class Overflow(TrainerCallback):
    """What too large a step makes of a weight."""

    def on_step_end(self, args, state, control, model=None, **kwargs):
        next(model.parameters()).data.fill_(float("inf"))


def test_weights_that_overflow_at_the_last_step_are_not_saved(tmp_path):
    """The loss of the last step was finite; what it made of the weights is not."""
    run = trainer(tmp_path, max_steps=1, save_steps=1, callbacks=[Overflow()])
    with pytest.raises(TrainingError, match="weights are NaN or infinite"):
        run.train()
    assert last_complete_checkpoint(tmp_path) is None


def test_an_accelerator_is_not_waited_for_until_the_next_step():
    watch = FiniteWatch()
    watch.see(torch.tensor(1.0))
    watch.close(1)
    watch.see(torch.tensor(float("inf")))
    with pytest.raises(TrainingError, match="step 2"):
        watch.close(2)
    watch.close(3)


@pytest.mark.parametrize("what", ["audio", "text"])
def test_a_nan_recording_or_teacher_vector_is_named(tmp_path, what):
    pairs = tiny.dataset()
    bad = pairs.examples[5]
    if what == "audio":
        wave = bad.waveform.copy()
        wave[:] = np.nan
        pairs.examples[5] = replace(bad, waveform=wave)
    else:
        pairs.examples[5] = replace(bad, text_embeddings=np.full((2, 12), np.nan, np.float32))
    error = NonFiniteAudioError if what == "audio" else DataError
    with pytest.raises(error, match=r"training recording 5 \(set0, s5\)"):
        trainer(tmp_path, dataset=pairs).train()


def test_an_empty_batch_and_one_class_are_errors(tmp_path):
    with pytest.raises(DataError, match="an empty batch"):
        AlignmentCollator(tiny.EXTRACTOR)([])
    for labels in ([1] * 16, [-100] * 16):
        pairs = tiny.dataset()
        pairs.examples = [replace(e, label=label) for e, label in zip(pairs.examples, labels, strict=True)]
        with pytest.raises(DataError, match="label classes"):
            trainer(tmp_path, dataset=pairs, label_weight=1.0)
    with pytest.raises(DataError, match="0 domain classes"):
        trainer(tmp_path, adversarial_weight=1.0)


def test_fewer_recordings_than_a_batch_never_finish(tmp_path):
    with pytest.raises(ConfigurationError, match="16 recordings fill no batch of 24"):
        trainer(tmp_path, per_device_train_batch_size=24).train()
    assert last_complete_checkpoint(tmp_path) is None


def test_a_finished_run_has_done_its_steps(tmp_path):
    run = trainer(tmp_path, max_steps=-1, num_train_epochs=2)
    run.train()
    assert run.state.global_step == run.state.max_steps == 8
    early = trainer(tmp_path / "early", max_steps=6)
    early._run_epoch = lambda **settings: None
    with pytest.raises(TrainingError, match="ended after 0 of 6 steps"):
        early.train()


def test_temperatures_and_tokens_are_not_decayed_and_stay_bounded(tmp_path):
    run = trainer(tmp_path)
    decayed = set(run.get_decay_parameter_names(run.model))
    shapes = {name: value.ndim for name, value in run.model.named_parameters()}
    assert decayed
    assert all(shapes[name] > 1 for name in decayed)
    for word in ("logit_scale", "logit_bias", "tau", "cls_token", "mask_token"):
        assert not [name for name in decayed if name.endswith(word)]
        assert [name for name in shapes if name.endswith(word)]
    everything = trainer(tmp_path, recipe="published")
    assert len(everything.get_decay_parameter_names(everything.model)) == len(shapes)
    with torch.no_grad():
        run.model.logit_scale.fill_(9.0)
    run.train()
    assert float(run.model.logit_scale.detach()) <= LARGEST_LOGIT_SCALE


def test_parameters_without_a_gradient_are_frozen_in_training_and_named(tmp_path):
    run = trainer(tmp_path, alignment_weight=0.0, max_steps=2, weight_decay=0.5)
    before = {name: value.clone() for name, value in run.model.state_dict().items()}
    run.train()
    idle = {name for name in run.frozen if "projection" in name or "logit" in name}
    assert {"logit_scale", "logit_bias", "text_projection.layers.0.weight"} <= idle
    after = run.model.state_dict()
    assert all(torch.equal(before[name], after[name]) for name in run.frozen)
    assert all(value.requires_grad for value in run.model.parameters())


def test_nothing_waits_for_the_device_between_logs(tmp_path, monkeypatch):
    """No value is read on the host in forward, backward or the step's own bookkeeping, but for the CPU's verdict."""
    reads = []
    for name in ("item", "tolist", "__float__", "__bool__", "__int__"):
        real = getattr(torch.Tensor, name)
        monkeypatch.setattr(torch.Tensor, name, lambda self, *a, _r=real, _n=name: reads.append(_n) or _r(self, *a))
    counts = {}
    for steps in (4, 8):
        run = trainer(
            tmp_path / str(steps), max_steps=steps, logging_steps=100, save_strategy="no", dataset=tiny.dataset(32)
        )
        monkeypatch.setattr(run._watch, "close", lambda step: None)
        reads.clear()
        run.train()
        counts[steps] = len([name for name in reads if name in ("item", "tolist", "__float__")])
    assert counts[4] == counts[8], counts


def test_nan_may_not_be_filtered_from_the_log(tmp_path):
    with pytest.raises(ConfigurationError, match="hides that a run is lost"):
        trainer(tmp_path, logging_nan_inf_filter=True)
    for name in ("fsdp", "deepspeed"):
        with pytest.raises((AuscultError, ImportError, ValueError)):
            trainer(tmp_path, **{name: {"zero_optimization": {"stage": 2}} if name == "deepspeed" else "full_shard"})
