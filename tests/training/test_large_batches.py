"""Large effective batches in the trainer: GradCache, the memory, chunks, prefixes, graded positives."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from transformers import set_seed

from hf_auscult.alignment.objectives import fact_table
from hf_auscult.errors import ConfigurationError, DataError
from hf_auscult.training.align import MEMORY_NAME, last_complete_checkpoint
from hf_auscult.training.large_batches import EmbeddingMemory
from tests import tiny
from tests.training.test_align import Kill, trainer

SGD = {"optim": "sgd", "lr_scheduler_type": "constant", "warmup_steps": 0, "max_grad_norm": 0.0, "weight_decay": 0.0}
WHOLE = {"per_device_train_batch_size": 8, "gradient_accumulation_steps": 1, **SGD}
SPLIT = {"per_device_train_batch_size": 2, "gradient_accumulation_steps": 4, **SGD}


def ended(folder, settings, **more):
    """The weights and first logged terms after three steps."""
    run = trainer(folder, model=tiny.model(dropout=0.0), dataset=tiny.dataset(24), max_steps=3, **{**settings, **more})
    run.train()
    return run, run.state.log_history[0]


def same(ours, theirs, atol=2e-6) -> bool:
    first, second = ours.model.state_dict(), theirs.model.state_dict()
    return all(torch.allclose(first[key], second[key], atol=atol, rtol=1e-4) for key in second)


@pytest.mark.parametrize("more", [{}, {"memory_size": 12, "memory_audio": True}, {"matryoshka_dims": [4, 16]}])
@pytest.mark.parametrize("objective", ["infonce", "debiased_cka+siglip"])
def test_four_micro_batches_are_one_batch(tmp_path, objective, more):
    whole, expected = ended(tmp_path / "whole", WHOLE, objective=objective, **more)
    cached, found = ended(tmp_path / "cached", SPLIT, objective=objective, grad_cache=True, **more)
    assert found["alignment_loss"] == pytest.approx(expected["alignment_loss"], abs=1e-5)
    assert found["reconstruction_loss"] == pytest.approx(expected["reconstruction_loss"], abs=1e-5)
    assert found["loss"] == pytest.approx(expected["loss"], abs=2e-4)
    assert same(cached, whole)


def test_without_it_they_are_not(tmp_path):
    whole, expected = ended(tmp_path / "whole", WHOLE, objective="infonce")
    plain, found = ended(tmp_path / "plain", SPLIT, objective="infonce")
    assert abs(found["alignment_loss"] - expected["alignment_loss"]) > 0.5
    assert not same(plain, whole)


def test_dropout_is_drawn_once(tmp_path):
    """The second pass sees the units the first one saw: both passes of a window have the same loss."""
    run = trainer(
        tmp_path, model=tiny.model(dropout=0.5), dataset=tiny.dataset(24), max_steps=1, grad_cache=True, **SPLIT
    )
    first, second = [], []
    keep = run.alignment.representations

    def noted(output):
        found = keep(output)
        (second if found["audio"].requires_grad else first).append(found["audio"].detach())
        return found

    run.alignment.representations = noted
    run.train()
    del second[0]  # the probe for parameters without a gradient
    assert len(first) == len(second) == 4
    assert torch.equal(torch.stack(first), torch.stack(second))
    assert not torch.equal(first[0], first[1])


def test_chunks_train_the_same(tmp_path):
    plain, _ = ended(tmp_path / "plain", WHOLE)
    chunked, _ = ended(tmp_path / "chunked", WHOLE, loss_chunk=3)
    assert same(chunked, plain)


def test_the_memory_holds_the_newest_reports_as_the_teacher_read_them(tmp_path):
    seen = []
    run = trainer(tmp_path, max_steps=4, memory_size=10)
    compute = run.compute_loss
    run.compute_loss = lambda model, inputs, **kwargs: seen.append(inputs) or compute(model, inputs, **kwargs)
    run.train()
    memory = run.alignment.memory
    assert len(memory) == 10 and "audio" not in memory.rows
    expected = torch.cat([batch["text_embeddings"] for batch in seen])[-10:]
    assert torch.equal(memory.rows["text_embeddings"], expected)


def test_more_to_tell_apart_is_a_harder_task(tmp_path):
    """From the second step on the memory adds negatives; the first step has none."""
    losses = {}
    for size in (0, 64):
        run = trainer(tmp_path / str(size), model=tiny.model(dropout=0.0), max_steps=2, memory_size=size)
        run.train()
        losses[size] = [entry["alignment_loss"] for entry in run.state.log_history[:2]]
    assert losses[64][0] == pytest.approx(losses[0][0], abs=1e-6)
    assert losses[64][1] > losses[0][1] + 0.1


def test_a_resumed_run_remembers(tmp_path):
    settings = {"memory_size": 12, "memory_audio": True, "grad_cache": True, "gradient_accumulation_steps": 2}
    set_seed(0)
    straight = trainer(tmp_path / "whole", dataset=tiny.dataset(32), **settings)
    straight.train()
    set_seed(0)
    with pytest.raises(KeyboardInterrupt):
        trainer(tmp_path / "broken", callbacks=[Kill(5)], dataset=tiny.dataset(32), **settings).train()
    checkpoint = last_complete_checkpoint(tmp_path / "broken")
    resumed = trainer(tmp_path / "broken", model=tiny.model(seed=9), dataset=tiny.dataset(32), **settings)
    resumed.train(resume_from_checkpoint=checkpoint)
    ours, theirs = resumed.model.state_dict(), straight.model.state_dict()
    assert all(torch.equal(ours[key], theirs[key]) for key in theirs)
    (tmp_path / "broken" / "checkpoint-4" / MEMORY_NAME).unlink()
    lost = trainer(tmp_path / "broken", dataset=tiny.dataset(32), **settings)
    with pytest.raises(DataError, match="holds no memory"):
        lost.train(resume_from_checkpoint=checkpoint)


def test_graded_positives_reach_the_loss(tmp_path):
    facts = fact_table([[f"grade {index // 4}", f"person {index}"] for index in range(16)])
    found = {}
    for name, sharpness in (("none", 1.0), ("shared", 1.0), ("sharp", 50.0)):
        pairs = tiny.dataset()
        if name != "none":
            pairs.examples = [replace(one, facts=row) for one, row in zip(pairs.examples, facts, strict=True)]
        run = trainer(
            tmp_path / name,
            model=tiny.model(dropout=0.0),
            dataset=pairs,
            objective="multi_positive",
            per_device_train_batch_size=16,
            max_steps=2,
            graded_positives=name != "none",
            fact_sharpness=sharpness,
            memory_size=8,
        )
        run.train()
        found[name] = run.state.log_history[0]["alignment_loss"]
    assert abs(found["shared"] - found["none"]) > 1e-3
    # Only equal reports count when the sharpness is high.
    assert found["sharp"] == pytest.approx(found["none"], abs=1e-4)


def test_text_branches_are_aligned_apart(tmp_path):
    """One projection a part, the mean of their losses, and the mean of their unit vectors at the end."""
    model = tiny.model(dropout=0.0, text_branches=3)
    run = trainer(tmp_path, model=model, max_steps=2)
    batch = torch.randn(5, 12)
    with torch.no_grad():
        output = model.eval()(torch.rand(5, 64, 64), text_embeddings=batch)
    parts = output.text_branch_embeds
    assert parts.shape == (5, 3, 16)
    expected = torch.nn.functional.normalize(parts, dim=-1).mean(dim=1)
    torch.testing.assert_close(model.get_text_features(text_embeddings=batch), expected)
    found = run.alignment.representations(output)
    ids = torch.arange(5)
    apart = [
        run.alignment.objective(found["audio"], parts[:, index], logit_scale=found["logit_scale"], text_ids=ids)
        for index in range(3)
    ]
    torch.testing.assert_close(run.alignment(found, {"text_ids": ids}), torch.stack(apart).mean())
    run.train()
    with pytest.raises(ValueError, match="does not divide into 5 branches"):
        tiny.model(text_branches=5)


@pytest.mark.parametrize("branches", [1, 2])
def test_blocks_of_the_audio_encoder_are_aligned_apart(tmp_path, branches):
    """The other reading of Multi-B: blocks 1 and 2, with the one text or with a text branch each."""
    model = tiny.model(dropout=0.0, audio_layers=[1, 2], text_branches=branches)
    run, texts = trainer(tmp_path, model=model, max_steps=2, grad_cache=True), torch.randn(5, 12)
    images, seconds = torch.rand(5, 64, 64), torch.ones(5, 1)
    with torch.no_grad():
        output = model.eval()(images, text_embeddings=texts)
        states = model.audio_encoder(images, output_hidden_states=True).hidden_states
        two = model(images.repeat(1, 2, 1), seconds.expand(5, 2), text_embeddings=texts)
    layers = [
        part(states[layer].mean(dim=1)) for part, layer in zip(model.audio_projection.branches, (1, 2), strict=True)
    ]
    torch.testing.assert_close(output.audio_branch_embeds, torch.stack(layers, dim=1))
    torch.testing.assert_close(two.audio_branch_embeds, output.audio_branch_embeds)  # of equal windows the mean
    torch.testing.assert_close(
        model.get_audio_features(images), torch.stack([torch.nn.functional.normalize(part) for part in layers]).mean(0)
    )
    found, ids = run.alignment.representations(output), torch.arange(5)
    text = found["text"].unbind(1) if branches == 2 else [found["text"]] * 2
    apart = [
        run.alignment.objective(audio, report, logit_scale=found["logit_scale"], text_ids=ids)
        for audio, report in zip(layers, text, strict=True)
    ]
    torch.testing.assert_close(run.alignment(found, {"text_ids": ids}), torch.stack(apart).mean())
    run.train()
    with pytest.raises(ConfigurationError, match="audio_layers"):
        trainer(tmp_path, model=model, one_pass=True)
    with pytest.raises(ValueError, match=r"audio_layers \[3\] of an encoder with 2 blocks"):
        tiny.model(audio_layers=[3])
    with pytest.raises(ValueError, match="2 audio_layers and 3 text_branches"):
        tiny.model(audio_layers=[1, 2], text_branches=3)


def test_settings_that_make_no_sense(tmp_path):
    for settings, message in (
        ({"objective": "mse", "memory_size": 8}, "mse has no use for a memory"),
        ({"objective": "cka", "memory_size": 8}, "memory_audio"),
        ({"memory_size": -1}, "negative memory_size"),
        ({"fact_sharpness": 0.0}, "fact_sharpness"),
        ({"matryoshka_dims": [0]}, "prefix widths"),
        ({"graded_positives": True}, "infonce knows one positive"),
    ):
        with pytest.raises(ConfigurationError, match=message):
            trainer(tmp_path, **settings)
    with pytest.raises(ConfigurationError, match="holds no facts"):
        trainer(tmp_path, objective="multi_positive", graded_positives=True).train()
    with pytest.raises(ConfigurationError, match="a memory of 0 pairs"):
        EmbeddingMemory(0)
    memory = EmbeddingMemory(4)
    memory.push(text=torch.zeros(1, 2))
    with pytest.raises(DataError, match="embedding memory"):
        memory.push(audio=torch.zeros(1, 2))
