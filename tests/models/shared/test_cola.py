"""The contrastive objective: OPERA's views, its head, its loss."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from hf_auscult.models.opera import OperaCTConfig
from hf_auscult.models.opera.modeling_opera_ct import OperaCTForPreTraining
from hf_auscult.models.shared.cola import masked_rows
from tests.models.zoo import HTSAT


@pytest.fixture(scope="module")
def model() -> OperaCTForPreTraining:
    torch.manual_seed(0)
    return OperaCTForPreTraining(OperaCTConfig(**HTSAT)).eval()


@pytest.fixture(scope="module")
def images() -> torch.Tensor:
    return torch.rand(5, 60, 64, generator=torch.Generator().manual_seed(1))


def noise_for(model: OperaCTForPreTraining, images: torch.Tensor, seed: int = 0) -> torch.Tensor:
    size = model.noise_size(images.shape[1])
    return torch.rand(len(images), size, generator=torch.Generator().manual_seed(seed))


@settings(max_examples=50, deadline=None)
@given(noise=arrays(np.float32, (2, 40), elements=st.floats(0, 1, width=32, exclude_max=True)))
def test_masked_runs(noise):
    """Row by row, as the published loop decides."""
    expected, before = [], False
    for start, go_on in noise.T:
        before = bool(start < 0.1 or (before and go_on < 0.2))
        expected.append(before)
    assert masked_rows(torch.from_numpy(noise)[None], 0.1, 0.2)[0].tolist() == expected


def test_share_of_masked_rows():
    """The stationary share of a chain that enters runs at 0.1 and stays with 0.1 + 0.9 * 0.2."""
    noise = torch.rand(20, 2, 5000, generator=torch.Generator().manual_seed(0))
    assert masked_rows(noise, 0.1, 0.2).float().mean().item() == pytest.approx(0.1 / (0.1 + 0.72), abs=0.005)


def test_views_follow_the_published_recipe(model, images):
    noise = noise_for(model, images)
    one, other = model.views(images, noise)
    frames, size = images.shape[1], model.config.view_frames
    for index, image in enumerate(images.numpy()):
        values = noise[index].numpy()
        masked, before = image.copy(), False
        for row in range(frames):
            before = values[row] < 0.1 or (before and values[frames + row] < 0.2)
            if before:
                masked[row] = image.mean()
        places, scales = values[2 * frames : 2 * frames + 2], values[2 * frames + 2 :]
        for view, place, scale in zip((one, other), places, scales, strict=True):
            start = int(place * (frames - size))
            expected = masked[start : start + size] * (0.9 + scale / 5)
            np.testing.assert_allclose(view[index].numpy(), expected, rtol=1e-5)


def test_short_images_are_taken_whole(model):
    images = torch.rand(2, 20, 64)
    one, other = model.views(images, noise_for(model, images))
    assert one.shape == other.shape == (2, 20, 64)


def test_head_and_loss(model, images):
    """z1 = linear(tanh(LN(g(e1)))), z2 = tanh(LN(g(e2))); cross entropy over rows only."""
    other = images.flip(2)
    with torch.no_grad():
        out = model(images, other_features=other)
        projected = [
            torch.tanh(model.projection.layer_norm(model.projection.g(model.encoder(view).pooler_output)))
            for view in (images, other)
        ]
        z1 = projected[0] @ model.projection.linear.weight.T
        torch.testing.assert_close(out.z1, z1)
        torch.testing.assert_close(out.z2, projected[1])
        torch.testing.assert_close(out.logits, z1 @ projected[1].T)
        torch.testing.assert_close(out.loss, F.cross_entropy(out.logits, torch.arange(5)))
        swapped = model(other, other_features=images).logits
    assert not torch.allclose(swapped, out.logits.T, atol=1e-5), "the bilinear map acts on the first view only"


def test_all_randomness_is_the_noise(model, images):
    with torch.no_grad():
        first = model(images, noise=noise_for(model, images)).loss
        torch.manual_seed(99)
        assert torch.equal(model(images, noise=noise_for(model, images)).loss, first)
        assert not torch.equal(model(images, noise=noise_for(model, images, seed=1)).loss, first)


def test_training_draws_views_and_drops(model, images):
    model.train()
    try:
        assert not torch.equal(model(images).loss, model(images).loss)
        hidden = model.projection(torch.ones(50, 32))
        assert (hidden == 0).float().mean().item() == pytest.approx(0.1, abs=0.05)
    finally:
        model.eval()


def test_bad_input_is_refused(model, images):
    with pytest.raises(ValueError, match=r"noise has shape \(5, 60\); expected \(5, 124\)"):
        model(images, noise=torch.rand(5, 60))
    with pytest.raises(ValueError, match="5 first views, 4 second views"):
        model(images, other_features=images[:4])
