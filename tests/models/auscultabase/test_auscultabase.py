"""AuscultaBase's own crop rule and its sequence output."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from hf_auscult.models.auscultabase import AuscultaBaseConfig
from hf_auscult.models.auscultabase.modeling_auscultabase import AuscultaBaseModel
from tests.models.zoo import HTSAT

SIZE, HOP, TOKENS, WIDTH = 256, 128, 64, 32


@pytest.fixture(scope="module")
def model() -> AuscultaBaseModel:
    torch.manual_seed(0)
    model = AuscultaBaseModel(AuscultaBaseConfig(**HTSAT)).eval()
    with torch.no_grad():
        # So that zeros in front of batch normalisation and behind it are not the same.
        model.htsat.batch_norm.running_mean.uniform_(0.2, 0.8)
        model.htsat.batch_norm.running_var.uniform_(0.1, 0.3)
    return model


def images(frames: int, number: int = 1) -> torch.Tensor:
    return torch.rand(number, frames, 64, generator=torch.Generator().manual_seed(frames))


@pytest.mark.parametrize(
    ("frames", "starts"),
    [
        (1, [0]),
        (1024, [0]),
        (1025, [0]),
        (1026, [0, 512]),
        (1537, [0, 512]),
        (1538, [0, 512, 1024]),
        (2561, [0, 512, 1024, 1536]),
    ],
)
def test_published_crops(frames, starts):
    model = AuscultaBaseModel.__new__(AuscultaBaseModel)
    object.__setattr__(model, "config", AuscultaBaseConfig())
    assert model.crop_starts(frames, "published") == starts


def test_the_last_published_crop_is_filled_behind_batch_normalisation(model):
    image = images(SIZE + 100)
    with torch.no_grad():
        found = model(image, crop_rule="published").pooler_output
        normalised = model.htsat.batch_norm(image[:, None].transpose(1, 3)).transpose(1, 3)
        last = F.pad(normalised[:, :, HOP:], (0, 0, 0, SIZE + HOP - image.shape[1]))
        rows = [model.htsat.swin(crop).pooler_output for crop in (normalised[:, :, :SIZE], last)]
        torch.testing.assert_close(found, (rows[0] + rows[1]) / 2)
        before = [image[:, :SIZE], F.pad(image[:, HOP:], (0, 0, 0, SIZE + HOP - image.shape[1]))]
        other = sum(model(crop).pooler_output for crop in before) / 2
    assert not torch.allclose(found, other, atol=1e-3), "the fill stood in front of batch normalisation"


def test_the_default_counts_the_last_frame(model):
    image = images(SIZE + 1)
    changed = image.clone()
    changed[:, -1] += 0.5
    with torch.no_grad():
        assert torch.equal(*(model(each, crop_rule="published").pooler_output for each in (image, changed)))
        assert not torch.equal(model(changed).pooler_output, model(image).pooler_output)
    assert model.published_settings == {"crop_rule": "published"}


def test_sequence_output(model):
    """Channels first, crops below each other; batches of long recordings too, which the original cannot do."""
    with torch.no_grad():
        out = model(images(100, 3))
        assert torch.equal(out.sequence_output, out.last_hidden_state.transpose(1, 2))
        image = images(SIZE + 100, 2)
        out = model(image, crop_rule="published")
        assert out.sequence_output.shape == (2, 2 * WIDTH, TOKENS)
        first = model(image[:, :SIZE]).sequence_output
        torch.testing.assert_close(out.sequence_output[:, :WIDTH], first)
        alone = model(image[1:], crop_rule="published")
        torch.testing.assert_close(out.sequence_output[1:], alone.sequence_output, rtol=1e-4, atol=1e-5)
        whole = model(image, return_dict=False)
    assert torch.equal(whole[-1][:, :, 0], model(image).sequence_output[:, :, 0].detach())


def test_bad_input_is_refused(model):
    with pytest.raises(ValueError, match="64 mel bands"):
        model(torch.zeros(1, 100, 32))
    with pytest.raises(ValueError, match="crop_rule is 'own'"):
        model(images(10), crop_rule="own")


def test_views_are_the_papers():
    """640 ms of 32 ms frames."""
    assert AuscultaBaseConfig().view_frames == 20
