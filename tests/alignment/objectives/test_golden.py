"""Objectives against the reference values, and whether each sees which report belongs to which recording."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch

from hf_auscult import objectives
from hf_auscult.errors import ConfigurationError
from hf_auscult.models.acula.teacher_acula import pool_tokens
from tests.reference import load_fill

NAMES = list(objectives.OBJECTIVES)


@pytest.fixture(scope="module", params=[0, 1])
def golden(request, shared):
    """(case, audio, text of masked pooling, text of padded pooling), projected in float64."""
    case = json.loads((shared / "reference" / "acula_alignment.json").read_text())["cases"][request.param]
    fill = load_fill(shared)
    rng = np.random.default_rng(case["seed"])
    audio = rng.standard_normal((case["batch"], case["audio_dim"])).astype(np.float32)
    hidden = torch.from_numpy(rng.standard_normal((case["batch"], case["tokens"], case["text_dim"])).astype(np.float32))
    mask = (torch.arange(case["tokens"])[None] < torch.tensor(case["lengths"])[:, None]).long()

    def project(rows: np.ndarray, name: str) -> torch.Tensor:
        size = rows.shape[1]
        shapes = {"0.weight": (1024, size), "0.bias": (1024,), "3.weight": (512, 1024), "3.bias": (512,)}
        w = {
            key: fill.fill_tensor(f"{name}_projection_mlp.layers.{key}", shape, 2.0).astype(np.float64)
            for key, shape in shapes.items()
        }
        inner = np.maximum(rows @ w["0.weight"].T + w["0.bias"], 0)
        return torch.from_numpy(inner @ w["3.weight"].T + w["3.bias"])

    texts = [
        project(pool_tokens(hidden.double(), mask, pooling).double().numpy(), "language")
        for pooling in ("masked_mean", "padded_mean")
    ]
    return case, project(audio.astype(np.float64), "audio"), *texts


def close(value: torch.Tensor, expected: float) -> None:
    assert float(value) == pytest.approx(expected, abs=1e-5)


def test_golden_values(golden):
    case, audio, masked, padded = golden
    np.testing.assert_allclose(audio[0, :8], case["za_first8"], rtol=1e-6)
    np.testing.assert_allclose(masked[0, :8], case["zt_masked_first8"], rtol=1e-4, atol=1e-5)
    close(objectives.get("cka")(audio, masked), case["alignment_loss_masked_mean"])
    close(objectives.get("cka")(audio, padded), case["alignment_loss_padded_mean"])
    close(1 - objectives.get("debiased_cka")(audio, masked), case["debiased_cka_masked_mean"])
    close(objectives.get("published")(audio, masked), case["published_code_loss_masked_mean"])
    close(objectives.get("published")(audio, padded), case["published_code_loss_padded_mean"])
    reverse = masked.flip(0)
    close(objectives.get("cka")(audio, reverse), case["alignment_loss_masked_mean_text_rows_reversed"])
    close(objectives.get("published")(audio, reverse), case["published_code_loss_masked_mean_text_rows_reversed"])
    close(1 - objectives.get("cka")(audio, audio), case["cka_self"])


@pytest.mark.parametrize("name", NAMES)
def test_whether_the_pairing_is_seen(name):
    """The class says whether permuting the reports changes the loss; only the released loss does not see it."""
    generator = torch.Generator().manual_seed(0)
    audio = torch.randn(24, 32, generator=generator, dtype=torch.float64)
    text = audio + 0.5 * torch.randn(24, 32, generator=generator, dtype=torch.float64)
    objective = objectives.get(name)
    change = abs(float(objective(audio, text) - objective(audio, text.roll(1, 0))))
    assert objective.sees_pairing == (name != "published")
    if objective.sees_pairing:
        assert change > 1e-2
    else:
        assert change < 1e-12


@pytest.mark.parametrize("name", NAMES)
def test_descends_and_is_finite(name):
    """A few gradient steps on the audio side lower every loss."""
    generator = torch.Generator().manual_seed(1)
    audio = torch.randn(12, 16, generator=generator).requires_grad_()
    text = torch.randn(12, 16, generator=generator)
    objective, optimizer = objectives.get(name), torch.optim.Adam([audio], 0.05)
    first = objective(audio, text).item()
    for _ in range(20):
        optimizer.zero_grad()
        objective(audio, text).backward()
        assert bool(audio.grad.isfinite().all())
        optimizer.step()
    assert objective(audio, text).item() < first


def test_rotation():
    """CKA is blind to rotation of either side; cosine-based losses are not, hence `shared_frame`."""
    generator = torch.Generator().manual_seed(2)
    audio = torch.randn(16, 8, generator=generator, dtype=torch.float64)
    rotation, _ = torch.linalg.qr(torch.randn(8, 8, generator=generator, dtype=torch.float64))
    for name in ("cka", "debiased_cka"):
        assert float(objectives.get(name)(audio, audio @ rotation)) == pytest.approx(0, abs=1e-9)
        assert not objectives.get(name).shared_frame
    assert float(objectives.get("infonce")(audio, audio @ rotation)) > 1


def test_the_biased_estimator_hardly_leaves_room():
    """24 independent pairs in 512 dimensions: plug-in CKA is high, debiased CKA near 0."""
    rng = np.random.default_rng(0)
    audio, text = (torch.from_numpy(rng.standard_normal((24, 512))) for _ in range(2))
    assert 1 - float(objectives.get("cka")(audio, text)) > 0.9
    assert abs(1 - float(objectives.get("debiased_cka")(audio, text))) < 0.1


def test_debiased_cka_survives_a_collapsed_batch():
    """Nearly equal rows make the unbiased self-HSIC negative; loss and gradient stay finite and moderate."""
    generator = torch.Generator().manual_seed(3)
    for spread in (1e-4, 1e-2, 1.0):
        audio = (torch.ones(8, 4) + spread * torch.randn(8, 4, generator=generator)).requires_grad_()
        text = torch.randn(8, 4, generator=generator)
        loss = objectives.get("debiased_cka")(audio, text)
        loss.backward()
        assert abs(loss.item()) < 100
        assert bool(audio.grad.isfinite().all())


def test_multi_positive_treats_equal_reports_as_right():
    audio = torch.eye(4)
    text = audio[[0, 0, 2, 3]]
    ids = torch.tensor([0, 0, 2, 3])
    positive = objectives.get("multi_positive")
    assert float(positive(audio, text, text_ids=ids)) == pytest.approx(float(positive(audio, text)))
    distinct = torch.arange(4)
    infonce = objectives.get("infonce")
    assert float(positive(audio, text, text_ids=distinct)) == pytest.approx(float(infonce(audio, text)))


def test_sums_and_names():
    audio, text = torch.randn(8, 4), torch.randn(8, 4)
    both = objectives.get("debiased_cka+infonce")(audio, text)
    single = objectives.get("debiased_cka")(audio, text) + objectives.get("infonce")(audio, text)
    assert float(both) == pytest.approx(float(single))
    total = objectives.get("cka+siglip")
    assert (total.shared_frame, total.logit_scale_init, total.logit_bias_init) == (True, 10.0, -10.0)
    assert float(total(audio, text)) == pytest.approx(
        float(objectives.get("cka")(audio, text) + objectives.get("siglip")(audio, text))
    )
    with pytest.raises(ConfigurationError, match="unknown objective 'nce'"):
        objectives.get("nce")
    with pytest.raises(ConfigurationError, match="do not pair"):
        objectives.get("infonce")(audio, text[:4])
    with pytest.raises(ConfigurationError, match="at least 4"):
        objectives.get("debiased_cka")(audio[:3], text[:3])
