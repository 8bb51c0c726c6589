"""What keeps an encoder's hearing: chosen by what the encoder has, and distillation measured from the start."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
import torch

from hf_auscult.errors import ConfigurationError
from hf_auscult.training.preservation import FrozenStart, resolve
from tests import tiny
from tests.training.test_align import trainer

WITH, WITHOUT = (SimpleNamespace(can_reconstruct=has, audio_model=None) for has in (True, False))


@pytest.mark.parametrize(
    ("kind", "model", "objective", "expected"),
    [
        ("auto", WITH, "infonce", "own"),
        ("auto", WITH, "published", "own"),
        ("auto", WITHOUT, "infonce", "distillation"),
        ("auto", WITHOUT, "published", "none"),
        ("distillation", WITHOUT, "published", "distillation"),
        ("distillation", WITH, "infonce", "distillation"),
        ("none", WITH, "infonce", "none"),
    ],
)
def test_choice(kind, model, objective, expected):
    assert resolve(kind, model, objective) == expected


def test_an_objective_that_is_not_there():
    with pytest.raises(ConfigurationError, match="no pre-training objective"):
        resolve("own", WITHOUT, "infonce")


def test_distance_from_the_start():
    encoder = tiny.model(dropout=0.0).audio_encoder.eval()
    start = FrozenStart(encoder)
    images = torch.rand(3, 64, 64)
    with torch.no_grad():
        pooled = encoder(images).pooler_output
        assert start.loss(images, pooled) == 0
        torch.testing.assert_close(start.loss(images, 1.5 * pooled), torch.tensor(0.25))
        encoder.norm.bias.add_(1.0)  # the start does not move with the encoder
        moved = encoder(images).pooler_output
        expected = ((moved - pooled).square().sum(-1) / pooled.square().sum(-1)).mean()
        torch.testing.assert_close(start.loss(images, moved), expected)


def test_distillation_holds_the_encoder_back(tmp_path):
    images = torch.rand(4, 64, 64)
    before = tiny.model(dropout=0.0).eval().audio_encoder(images).pooler_output
    moved = {}
    for weight in (0.0, 100.0):
        settings = {"preservation": "distillation", "reconstruction_weight": weight, "learning_rate": 3e-3}
        run = trainer(tmp_path / str(weight), model=tiny.model(dropout=0.0), max_steps=12, **settings)
        run.train()
        after = run.model.eval().audio_encoder(images).pooler_output
        moved[weight] = float((after - before).norm() / before.norm())
        entry = run.state.log_history[-2]
        assert ("distillation_loss" in entry) == (weight > 0)
        assert "reconstruction_loss" not in entry
    assert moved[100.0] < 0.5 * moved[0.0], moved


def test_the_frozen_start_is_no_part_of_the_model(tmp_path):
    run = trainer(tmp_path, max_steps=1, preservation="distillation")
    names = set(run.model.state_dict())
    run.train()
    assert set(run.model.state_dict()) == names
    assert not any(value.requires_grad for value in run.start.encoder.parameters())


def test_nothing_to_train(tmp_path):
    with pytest.raises(ConfigurationError, match="nothing to train"):
        trainer(tmp_path, alignment_weight=0.0, preservation="none")
    with pytest.raises(ConfigurationError, match="unknown preservation 'ewc'"):
        trainer(tmp_path, preservation="ewc")
