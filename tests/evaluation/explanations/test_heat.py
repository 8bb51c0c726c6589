"""Heat maps: exact on an encoder that can be worked out by hand, and on real architectures."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
import torch

from hf_auscult.errors import ConfigurationError
from hf_auscult.evaluation.explanations import METHODS, heat_maps
from tests.models import zoo


class Sums(torch.nn.Module):
    """Pools an image to the sums of its left and right half."""

    config = SimpleNamespace()

    def forward(self, images):
        half = images.shape[1] // 2
        sums = [images[:, :half].sum((1, 2)), images[:, half:].sum((1, 2))]
        return SimpleNamespace(pooler_output=torch.stack(sums, dim=1))


@pytest.mark.parametrize("method", ["occlusion", "gradient"])
def test_evidence_lies_where_the_score_is_made(method):
    images = torch.zeros(1, 16, 8)
    images[0, 4:6, 2:4] = 1.0  # speaks for
    images[0, 12:14] = 1.0  # the right half is not asked
    heat = heat_maps(Sums().eval(), images, torch.tensor([1.0, 0.0]), method, patch=2)
    assert heat[0, 4:6, 2:4].min() > 0 and heat[0, 8:].max() == 0
    assert heat[0].flatten().argmax() in (4 * 8 + 2, 4 * 8 + 3, 5 * 8 + 2, 5 * 8 + 3)


def test_occlusion_is_the_fall_of_the_score():
    images = torch.rand(2, 8, 4)
    heat = heat_maps(Sums().eval(), images, torch.tensor([1.0, 1.0]), "occlusion", patch=4)
    for window, found in zip(images, heat, strict=True):
        expected = (window[:4] - window.mean()).sum().clamp(min=0)
        assert torch.allclose(found[:4], expected.expand(4, 4), atol=1e-5)


@pytest.fixture(scope="module")
def encoder():
    return zoo.GT.model().eval()


@pytest.mark.parametrize("method", list(METHODS))
def test_maps_of_a_transformer(encoder, method):
    encoder.set_attn_implementation("eager")
    config = encoder.config
    torch.manual_seed(0)
    images = torch.rand(3, config.num_frames, config.num_mel_bins)
    direction = torch.randn(config.pooled_size)
    heat = heat_maps(encoder, images, direction, method)
    assert heat.shape == images.shape and heat.min() >= 0 and heat.isfinite().all() and heat.max() > 0
    assert torch.equal(heat, heat_maps(encoder, images, direction, method))
    # a window's map does not depend on the others'
    assert torch.allclose(heat[1:2], heat_maps(encoder, images[1:2], direction, method), atol=1e-5)


def test_grad_cam_equals_the_definition(encoder):
    config = encoder.config
    images = torch.rand(1, config.num_frames, config.num_mel_bins)
    direction = torch.randn(config.pooled_size)
    heat = heat_maps(encoder, images, direction, "grad_cam")
    kept = []
    handle = encoder.blocks[-1].register_forward_hook(lambda module, inputs, output: kept.append(output[0]))
    tokens_of = encoder(images)
    handle.remove()
    (slope,) = torch.autograd.grad((tokens_of.pooler_output @ direction).sum(), kept[0])
    weights = slope[:, 1:].mean(1)
    cells = (kept[0][:, 1:] * weights[:, None]).sum(2).clamp(min=0).reshape(config.grid_size)
    size = config.patch_size
    assert torch.allclose(heat[0, ::size, ::size], cells.detach(), atol=1e-6)


def test_what_cannot_be_done_is_refused(encoder):
    images, direction = torch.zeros(1, 16, 8), torch.ones(2)
    with pytest.raises(ConfigurationError, match="no method"):
        heat_maps(encoder, images, direction, "lime")
    with pytest.raises(ConfigurationError, match="no patch tokens"):
        heat_maps(Sums().eval(), images, direction, "grad_cam")
    with pytest.raises(ConfigurationError, match="training mode"):
        heat_maps(Sums().train(), images, direction)
