"""Fine-tuning: what is trained and what stays, every loss, and adapters on every encoder."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from transformers import AutoModelForAudioClassification, set_seed

from hf_auscult.errors import ConfigurationError
from hf_auscult.training.finetune import (
    FinetuneArguments,
    FinetuneTrainer,
    RecordingRows,
    Target,
    WindowDataset,
    balanced_weights,
    blocks_of,
    first_figures,
    freeze_blocks,
    probabilities,
    target_loss,
)
from tests.models.zoo import ZOO

BY_NAME = {variant.name: variant for variant in ZOO}


def classifier(name: str, **settings):
    return BY_NAME[name].model(cls=AutoModelForAudioClassification, **settings)


def arguments(folder, **settings) -> FinetuneArguments:
    defaults = {
        "num_train_epochs": 2,
        "per_device_train_batch_size": 4,
        "learning_rate": 1e-3,
        "disable_tqdm": True,
        "use_cpu": True,
    }
    return FinetuneArguments(str(folder), **{**defaults, **settings})


def trainer(folder, name="opera-ce/cnn", model=None, targets=None, labels=None, **settings):
    variant = BY_NAME[name]
    extractor = variant.extractor()
    windows = list(variant.inputs(8).numpy())
    labels = np.arange(8.0)[:, None] % 2 if labels is None else labels
    rows = [
        {
            "input_features": window,
            "window_seconds": np.ones(1, np.float32),
            "window_frames": np.array([len(window)], np.int64),
        }
        for window in windows
    ]
    return FinetuneTrainer(
        model or classifier(name),
        arguments(folder, **settings),
        targets=targets or [Target("x")],
        extractor=extractor,
        train_dataset=WindowDataset(windows, labels),
        eval_dataset=RecordingRows(rows, labels),
    )


def test_every_loss_is_the_one_it_says():
    logits = torch.tensor([[2.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
    labels = torch.tensor([[0.0], [1.0], [float("nan")]])
    plain = F.cross_entropy(logits[:2], torch.tensor([0, 1]))
    assert target_loss(logits, labels, [Target("x")]) == pytest.approx(float(plain))
    weighted = target_loss(logits, labels, [Target("x", class_weights=(1.0, 3.0))])
    assert weighted == pytest.approx(
        float(F.cross_entropy(logits[:2], torch.tensor([0, 1]), weight=torch.tensor([1.0, 3.0])))
    )
    right = logits[:2].softmax(1)[[0, 1], [0, 1]]
    focal = target_loss(logits, labels, [Target("x")], focal_gamma=2.0)
    assert focal == pytest.approx(float((-((1 - right) ** 2) * right.log()).mean()))
    several = torch.tensor([[1.0, 0.0], [1.0, 1.0], [0.0, float("nan")]])
    found = target_loss(logits, several, [Target("x", "classes", 2)])
    known = ~several.isnan()
    expected = F.binary_cross_entropy_with_logits(logits[known], several[known])
    assert found == pytest.approx(float(expected))
    value = target_loss(
        logits[:, :1], torch.tensor([[96.0], [98.0], [float("nan")]]), [Target("spo2", "value", 1, 1.0, 97.0, 2.0)]
    )
    assert value == pytest.approx(((2 + 0.5) ** 2 + (0 - 0.5) ** 2) / 2)


def test_targets_share_the_logits_and_unknown_labels_cost_nothing():
    logits = torch.randn(4, 5, generator=torch.Generator().manual_seed(0))
    labels = torch.tensor([[0.0, 97.0, 1.0], [1.0, float("nan"), 0.0]] * 2)
    targets = [Target("covid"), Target("spo2", "value", 1, 0.5, 95.0, 2.0), Target("insufficiency", "class", 2)]
    parts = [
        target_loss(logits[:, :2], labels[:, :1], targets[:1]),
        target_loss(logits[:, 2:3], labels[:, 1:2], targets[1:2]),
        target_loss(logits[:, 3:], labels[:, 2:], targets[2:]),
    ]
    assert target_loss(logits, labels, targets) == pytest.approx(float(sum(parts)))
    nothing = target_loss(logits.requires_grad_(), torch.full((4, 3), float("nan")), targets)
    nothing.backward()
    assert not logits.grad.any()
    scores = probabilities(logits.detach().numpy(), targets)
    assert [scores[name].shape for name in ("covid", "spo2", "insufficiency")] == [(4, 2), (4, 1), (4, 2)]
    np.testing.assert_allclose(scores["spo2"], logits.detach()[:, 2:3] * 2 + 95, rtol=1e-6)


def test_weights_are_scikit_learns():
    from sklearn.utils.class_weight import compute_class_weight

    labels = np.array([0, 0, 0, 1, 2, 2], float)
    ours = balanced_weights(labels[:, None], Target("x", size=3))
    np.testing.assert_allclose(ours, compute_class_weight("balanced", classes=np.arange(3), y=labels.astype(int)))
    assert balanced_weights(np.array([[1.0, 0], [0, 0], [0, 1]]), Target("x", "classes", 2)) == (2.0, 2.0)


def test_figures_of_the_first_target():
    logits = np.array([[3.0, 0.0], [0.0, 2.0], [1.0, 0.0], [0.0, 1.0]])
    labels = np.array([[0.0], [1.0], [1.0], [np.nan]])
    figures = first_figures(logits, labels, [Target("x")])
    assert figures["auroc"] == 1.0
    assert figures["macro_f1"] == pytest.approx((2 / 3 + 2 / 3) / 2)
    assert first_figures(logits[:, :1], labels, [Target("x", "value", 1)])["macro_f1"] < 0


@pytest.mark.parametrize("variant", [v for v in ZOO if v.parameters], ids=lambda variant: variant.name)
def test_blocks_of_every_encoder(variant):
    """Depth 0, 1 and all: the names that are trained are those of the last block and what stands behind it."""
    trained = {}
    for depth in (0, 1, -1):
        model = variant.model(cls=AutoModelForAudioClassification)
        encoder = getattr(model, model.base_model_prefix)
        try:
            trained[depth] = set(freeze_blocks(model, encoder, depth))
        except ConfigurationError as error:
            assert "not made of blocks" in str(error)
            return
    assert trained[0] < trained[1] < trained[-1]
    assert all(name.startswith("classifier.") for name in trained[0])
    name, blocks = blocks_of(encoder)
    mine = [found.partition(f".{name}.")[2] for found in trained[1] if f".{name}." in found]
    assert {int(found.partition(".")[0]) for found in mine} == {len(blocks) - 1}
    with pytest.raises(ConfigurationError, match="blocks"):
        freeze_blocks(model, encoder, len(blocks) + 1)


def test_what_is_frozen_stays_bit_by_bit(tmp_path):
    """Batch normalisation of frozen blocks included; what is trained moves at its own rate."""
    set_seed(0)
    run = trainer(tmp_path, unfrozen_blocks=1, learning_rate=5e-6, head_learning_rate=5e-4, batch_norm="batch")
    before = {name: value.clone() for name, value in run.model.state_dict().items()}
    run.train()
    moved = {name for name, value in run.model.state_dict().items() if not torch.equal(value, before[name])}
    frozen = {name for name in before if name.startswith("encoder.network.blocks.0.") or ".norm." in name}
    assert frozen
    assert not moved & frozen
    assert {"encoder.network.blocks.1.conv1.weight", "encoder.network.blocks.1.bn1.running_mean"} <= moved
    assert any(name.startswith("classifier.") for name in moved)
    rates = {group["lr"] for group in run.create_optimizer().param_groups}
    assert len(rates) == 2
    assert max(rates) / min(rates) == pytest.approx(100)
    assert set(run.unfrozen) == {name for name, value in run.model.named_parameters() if value.requires_grad}


def test_the_best_epoch_on_validation_is_kept(tmp_path):
    set_seed(0)
    run = trainer(tmp_path, num_train_epochs=6, learning_rate=0.03, select_on="loss")
    run.train()
    losses = [entry["eval_loss"] for entry in run.state.log_history if "eval_loss" in entry]
    assert len(losses) == 6
    assert run.evaluate()["eval_loss"] == pytest.approx(min(losses), rel=1e-5)


def test_the_rate_falls_by_epoch(tmp_path):
    run = trainer(tmp_path, num_train_epochs=3, step_decay=0.5, learning_rate=1e-3, save_strategy="no",
                  load_best_model_at_end=False)  # fmt: skip
    run.train()
    # Two steps an epoch; after the sixth the fourth epoch would begin.
    assert run.lr_scheduler.get_last_lr()[0] == pytest.approx(1e-3 * 0.5**3)


@pytest.mark.parametrize("settings", [{"mixup": 0.4}, {"focal_gamma": 2.0}, {"class_weights": True}])
def test_options_train(tmp_path, settings):
    set_seed(0)
    run = trainer(tmp_path, num_train_epochs=1, logging_steps=1, **settings)
    run.train()
    assert all(np.isfinite(entry["loss"]) for entry in run.state.log_history if "loss" in entry)


def test_mixup_mixes_inputs_and_losses(tmp_path):
    run = trainer(tmp_path, mixup=0.4, head_l2=0.0)
    seen = []
    model = run.model.train()
    batch = {"input_features": torch.rand(4, 63, 64), "labels": torch.tensor([[0.0], [1.0], [0.0], [1.0]])}

    def spy(input_features):
        seen.append(input_features)
        return type("Output", (), {"logits": torch.zeros(4, 2)})

    spy.training = model.training
    loss = run.compute_loss(spy, batch)
    assert float(loss) == pytest.approx(np.log(2))
    assert not torch.equal(seen[0], batch["input_features"])
    # Every mixed image lies between two of the batch.
    assert seen[0].min() >= batch["input_features"].min()
    assert seen[0].mean() == pytest.approx(float(batch["input_features"].mean()), rel=1e-4)
