"""OPERA-CT's rules for long recordings, and its network's training behaviour."""

from __future__ import annotations

import itertools

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import load_file, save_file
from transformers import AutoModel, AutoModelForPreTraining

from hf_auscult.models.opera import OperaCTConfig
from hf_auscult.models.opera.modeling_opera_ct import OperaCTForPreTraining, OperaCTModel
from hf_auscult.models.shared.layers_htsat import covering_starts
from tests.models.zoo import HTSAT

SIZE = 256  # frames of the tiny network's crops


@pytest.fixture(scope="module")
def model() -> OperaCTModel:
    torch.manual_seed(0)
    return OperaCTModel(OperaCTConfig(**HTSAT)).eval()


def images(frames: int, number: int = 1) -> torch.Tensor:
    return torch.rand(number, frames, 64, generator=torch.Generator().manual_seed(frames))


@given(frames=st.integers(1, 20_000))
def test_the_default_covers_every_frame(frames):
    starts = covering_starts(frames, 1024, 512)
    assert starts[0] == 0
    assert starts == sorted(set(starts))
    assert all(later - earlier <= 512 for earlier, later in itertools.pairwise(starts))
    if frames > 1024:
        assert starts[-1] + 1024 == frames
    else:
        assert starts == [0]


@given(frames=st.integers(1026, 20_000))
def test_the_published_rule(frames):
    model = OperaCTModel.__new__(OperaCTModel)
    object.__setattr__(model, "config", OperaCTConfig())
    assert model.crop_starts(frames, "published") == list(range(0, frames - 1024 - 1, 512))


def test_a_long_recording_is_the_plain_mean_of_its_crops(model):
    image = images(2 * SIZE + 50)
    starts = [0, 128, 256, 306]
    with torch.no_grad():
        out = model(image, output_hidden_states=True)
        crops = [model(image[:, start : start + SIZE]) for start in starts]
    torch.testing.assert_close(out.pooler_output, torch.stack([crop.pooler_output for crop in crops]).mean(dim=0))
    torch.testing.assert_close(out.last_hidden_state, torch.cat([crop.last_hidden_state for crop in crops], dim=1))
    assert out.hidden_states[-1].shape == (1, len(starts) * 64, 32)


def test_the_tail_counts_by_default_and_not_as_published(model):
    image = images(SIZE + 100)
    changed = image.clone()
    changed[:, -1] += 0.5
    with torch.no_grad():
        assert not torch.allclose(model(changed).pooler_output, model(image).pooler_output, atol=1e-4)
        published = [model(each, crop_rule="published").pooler_output for each in (image, changed)]
    assert torch.equal(*published)


def test_one_frame_too_many(model):
    """The published loop finds no crop in 1025 frames; the default does not care."""
    assert model.config.max_frames == SIZE
    with pytest.raises(ValueError, match=r"257 frames: OPERA's own rule .* exactly 257 frames"):
        model(images(SIZE + 1), crop_rule="published")
    with torch.no_grad():
        assert model(images(SIZE + 1)).pooler_output.isfinite().all()
        one = model(images(SIZE), crop_rule="published").pooler_output
        assert torch.equal(one, model(images(SIZE)).pooler_output)


def test_the_published_protocol_asks_for_the_published_rule():
    assert OperaCTModel.published_settings == {"crop_rule": "published"}


def test_any_length_is_stretched(model):
    """From one frame on; the pooled vector is the mean of the tokens."""
    for frames in (1, 2, 63, SIZE):
        with torch.no_grad():
            out = model(images(frames, 2))
        assert out.last_hidden_state.shape == (2, 64, 32)
        torch.testing.assert_close(out.pooler_output, out.last_hidden_state.mean(dim=1))


def test_attentions_are_those_of_every_stages_last_block(model):
    with torch.no_grad():
        attentions = model(images(SIZE, 2), output_attentions=True).attentions
    assert [tuple(each.shape) for each in attentions] == [(2 * 16, 2, 16, 16), (2 * 4, 4, 16, 16)]
    for weights in attentions:
        torch.testing.assert_close(weights.sum(dim=-1), torch.ones_like(weights[..., 0]))


def test_tokens_go_along_time(model):
    """A change of the first frames moves the first tokens of each band most, one of the last frames the last."""
    image = images(SIZE)
    with torch.no_grad():
        base = model.htsat.swin.audio_encoder.patch_embed(
            model.htsat.swin.audio_encoder.reshape_mel2img(image[:, None])
        )
        for frame, block in ((0, 0), (SIZE - 1, 1)):
            changed = image.clone()
            changed[:, frame] += 1
            moved = model.htsat.swin.audio_encoder.patch_embed(
                model.htsat.swin.audio_encoder.reshape_mel2img(changed[:, None])
            )
            rows = (moved - base).abs().sum(dim=2).reshape(16, 16).sum(dim=1).nonzero()[:, 0]
            # Blocks of 128 frames lie below each other: 8 rows of patches each.
            assert rows.tolist() == list(range(8 * block, 8 * block + 8))


def test_training_takes_one_random_crop_of_a_long_image(model, monkeypatch):
    """Above 1,024 frames, the published code's way; in evaluation every frame counts."""
    taken, htsat = [], model.htsat.forward
    monkeypatch.setattr(
        model.htsat, "forward", lambda windows, starts, *given: taken.append(starts) or htsat(windows, starts, *given)
    )
    frames = model.config.max_frames + 40
    image = torch.rand(2, frames, 64)
    torch.manual_seed(0)
    try:
        model.train()
        for _ in range(6):
            model(image)
    finally:
        model.eval()
    assert all(len(starts) == 1 and 0 <= starts[0] <= 40 for starts in taken)
    assert len({starts[0] for starts in taken}) > 2
    model(image)
    assert len(taken[-1]) > 1


def test_both_branches_drop_paths():
    """As in HTS-AT: rates rise from 0 to drop_path_rate; no other dropout in the encoder."""
    model = OperaCTModel(OperaCTConfig(**HTSAT, drop_path_rate=0.3))
    blocks = [block for stage in model.htsat.swin.audio_encoder.layers for block in stage.blocks]
    assert [getattr(block.drop_path, "drop_prob", 0.0) for block in blocks] == pytest.approx([0, 0.1, 0.2, 0.3])
    assert all(block.output.dropout is block.drop_path for block in blocks)
    assert all(module.p == 0 for module in model.modules() if isinstance(module, torch.nn.Dropout))


def test_initial_weights():
    torch.manual_seed(0)
    model = OperaCTForPreTraining(OperaCTConfig(depths=(1, 1, 1, 1)))
    block = model.encoder.htsat.swin.audio_encoder.layers[2].blocks[0]
    assert block.intermediate.dense.weight.std().item() == pytest.approx(0.02, rel=0.02)
    assert model.projection.g.weight.std().item() == pytest.approx(0.02, rel=0.02)
    assert model.encoder.htsat.batch_norm.running_var.eq(1).all()


def test_position_indices_survive_a_checkpoint_without_them(tmp_path):
    torch.manual_seed(0)
    model = OperaCTForPreTraining(OperaCTConfig(**HTSAT)).eval()
    model.save_pretrained(tmp_path)
    state = load_file(tmp_path / "model.safetensors")
    kept = {key: value for key, value in state.items() if "relative_position_index" not in key}
    assert len(kept) < len(state)
    save_file(kept, tmp_path / "model.safetensors", metadata={"format": "pt"})
    again = AutoModelForPreTraining.from_pretrained(tmp_path)
    for key, value in again.state_dict().items():
        assert torch.equal(value, model.state_dict()[key]), key


def test_the_head_belongs_to_the_checkpoint(tmp_path):
    torch.manual_seed(0)
    model = OperaCTForPreTraining(OperaCTConfig(**HTSAT)).eval()
    model.save_pretrained(tmp_path)
    encoder, whole = AutoModel.from_pretrained(tmp_path), AutoModelForPreTraining.from_pretrained(tmp_path)
    assert type(encoder) is OperaCTModel
    assert torch.equal(whole.projection.linear.weight, model.projection.linear.weight)
    with torch.no_grad():
        image = images(100, 2)
        assert torch.equal(encoder.eval()(image).pooler_output, model.encoder(image).pooler_output)


def test_bad_input_is_refused(model):
    with pytest.raises(ValueError, match=r"expected \(windows, frames, 64 mel bands\)"):
        model(torch.zeros(1, 100, 32))
    with pytest.raises(ValueError, match="has shape"):
        model(torch.zeros(100, 64))
    with pytest.raises(ValueError, match="crop_rule is 'publshed'"):
        model(images(10), crop_rule="publshed")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"num_mel_bins": 48}, "multiple of num_mel_bins 48"),
        ({"window_size": 16}, "at least window_size 16"),
        ({"depths": (2, 2, 2)}, "differ in length"),
        ({"patch_size": 3}, "must be a multiple of"),
    ],
)
def test_contradicting_sizes_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        OperaCTConfig(**{**HTSAT, **settings})
