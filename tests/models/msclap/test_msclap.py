"""What is particular to MS-CLAP: two reading networks, long images, the projection, tags beside the embedding."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from transformers import AutoModel

from hf_auscult.embedding.embedder import Embedder
from hf_auscult.models.convert_checkpoint import convert
from hf_auscult.models.msclap import MSClapConfig
from hf_auscult.models.msclap.convert_msclap import CONVERSIONS
from hf_auscult.models.msclap.modeling_msclap import MSClapModel
from tests.models.parity import wav
from tests.models.zoo import sound, tiny_msclap
from tests.reference import load_case

VERSIONS = ("2022", "2023")


def tiny(version: str, **settings) -> MSClapModel:
    torch.manual_seed(0)
    config = tiny_msclap(version)()
    for name, value in settings.items():
        setattr(config, name, value)
    return MSClapModel(config).eval()


def test_the_published_sizes():
    old, new = MSClapConfig(version="2022"), MSClapConfig(version="2023")
    assert (old.hidden_size, old.base_size, old.pooled_size, old.audio_config) == (2048, 2048, 1024, None)
    assert (new.hidden_size, new.base_size, new.pooled_size, new.max_frames) == (768, 768, 1024, 1024)
    assert (new.audio_config.hidden_dropout_prob, new.audio_config.drop_path_rate) == (0.0, 0.1)
    with pytest.raises(ValueError, match="keep 0 < crop_hop <= crop_frames <= 1024"):
        MSClapConfig(crop_frames=1025)
    with pytest.raises(ValueError, match="cannot be halved"):
        MSClapConfig(version="2022", num_mel_bins=16)


@pytest.mark.parametrize("version", VERSIONS)
def test_configuration_round_trip(version, tmp_path):
    config = MSClapConfig(version=version)
    config.save_pretrained(tmp_path)
    assert MSClapConfig.from_pretrained(tmp_path).to_dict() == config.to_dict()


@pytest.mark.parametrize("version", VERSIONS)
def test_projection(version):
    """LayerNorm(e1 + e2) of the base embedding, not L2-normalised."""
    model = tiny(version)
    out = model(torch.randn(3, 100, 64) * 10 - 40)
    weights = {name: value for name, value in model.projection.named_parameters()}
    first = out.base_embedding @ weights["linear1.weight"].T
    summed = first + F.gelu(first) @ weights["linear2.weight"].T
    torch.testing.assert_close(out.pooler_output, F.layer_norm(summed, summed.shape[1:]))
    assert not torch.allclose(out.pooler_output.norm(dim=1), torch.ones(3))
    assert out.base_embedding.shape == (3, model.config.base_size)


@pytest.mark.parametrize("version", VERSIONS)
def test_tags_are_a_fixed_readout(version, tmp_path):
    model, images = tiny(version), torch.randn(2, 100, 64)
    out = model(images)
    assert out.clipwise_output.shape == (2, 5)
    assert ((out.clipwise_output > 0) & (out.clipwise_output < 1)).all()
    assert not any("tags" in name for name, _ in model.named_parameters())
    model.save_pretrained(tmp_path)
    bare = AutoModel.from_pretrained(tmp_path, num_tags=0).eval()
    assert bare(images).clipwise_output is None
    assert torch.equal(bare(images).pooler_output, out.pooler_output)


def test_tags_of_2023_read_the_last_image():
    """A (bands, 3) convolution, mean over time, sigmoid; the tokens hold the image band by band."""
    model = tiny("2023")
    out = model(torch.randn(2, 100, 64))
    tags = model.base.tags
    bands = tags.weight.shape[2]
    image = out.last_hidden_state.transpose(1, 2).unflatten(2, (bands, -1))
    scores = F.conv2d(image, tags.weight, tags.bias, padding=(0, 1))
    assert scores.shape[2] == 1
    torch.testing.assert_close(out.clipwise_output, torch.sigmoid(scores[:, :, 0].mean(dim=2)))


def test_published_crops():
    """689 frames every 344, in the original's range: the tail is left out, and 1025 frames are one crop."""
    model = MSClapModel(MSClapConfig(audio_config={"depths": [1, 1, 1, 1]}, num_tags=3)).eval()
    for frames, starts in (
        (1025, [0]),
        (1034, [0]),
        (1035, [0, 344]),
        (1379, [0, 344, 688]),
        (2000, [0, 344, 688, 1032]),
    ):
        assert model.base.crops(frames, "published") == [(start, start + 689) for start in starts]
    for frames, starts in ((1025, [0, 1]), (1536, [0, 512]), (2000, [0, 512, 976])):
        assert model.base.crops(frames, "covering") == [(start, start + 1024) for start in starts]
    for rule in ("covering", "published"):
        assert model.base.crops(1024, rule) == [(0, 1024)]


@pytest.mark.parametrize("rule", ["covering", "published"])
def test_a_long_image_is_the_mean_of_its_crops(rule):
    model, images = tiny("2023"), torch.randn(2, 300, 64)
    out = model(images, crop_rule=rule, output_hidden_states=True, output_attentions=True)
    crops = model.base.crops(300, rule)
    assert len(crops) == 2
    parts = [model(images[:, start:end], output_hidden_states=True, output_attentions=True) for start, end in crops]
    mean = torch.stack([part.base_embedding for part in parts]).mean(dim=0)
    torch.testing.assert_close(out.base_embedding, mean)
    torch.testing.assert_close(out.pooler_output, model.projection(mean))
    torch.testing.assert_close(out.clipwise_output, torch.stack([part.clipwise_output for part in parts]).mean(dim=0))
    assert torch.equal(out.last_hidden_state, torch.cat([part.last_hidden_state for part in parts], dim=1))
    for index, state in enumerate(out.hidden_states):
        assert torch.equal(state, torch.cat([part.hidden_states[index] for part in parts], dim=1))
    for weights in out.attentions:
        torch.testing.assert_close(weights.sum(dim=-1), torch.ones_like(weights.sum(dim=-1)))


def test_the_default_hears_every_frame():
    """Every frame of a long image moves the embedding; under the published rule the tail does not."""
    model = tiny("2023")
    reached = {}
    for rule in ("covering", "published"):
        images = torch.randn(1, 300, 64, requires_grad=True)
        model(images, crop_rule=rule).pooler_output.square().sum().backward()
        reached[rule] = (images.grad[0].abs().sum(dim=1) > 0).tolist()
    assert all(reached["covering"])
    assert reached["published"] == [True] * (86 + 172) + [False] * (300 - 86 - 172)


def test_protocols_choose_the_crops(monkeypatch):
    model, fe = tiny("2023"), CONVERSIONS["msclap-2023"].feature_extractor()
    rules = []
    crops = model.base.crops
    monkeypatch.setattr(model.base, "crops", lambda frames, rule: rules.append(rule) or crops(frames, rule))
    recording = {"array": sound(2.0, 44_100), "sampling_rate": 44_100}
    for protocol in ("default", "published"):
        assert np.isfinite(Embedder(model, fe)([recording], protocol=protocol)).all()
    assert rules == ["covering", "published"]
    with pytest.raises(ValueError, match="crop_rule is 'random'"):
        model(torch.zeros(1, 300, 64), crop_rule="random")


@pytest.mark.parametrize(("version", "frames"), [("2022", 690), ("2023", 965)])
def test_windows(version, frames):
    """No random crop: the default covers a recording, the published rule takes its first window."""
    fe = CONVERSIONS[f"msclap-{version}"].feature_extractor()
    wave = sound(12.0, 44_100)
    default, published = fe.features(wave, 44_100), fe.features(wave, 44_100, protocol="published")
    assert len(default.windows) == (3 if version == "2022" else 2)
    assert sum(default.seconds) == pytest.approx(12.0)
    assert [window.shape for window in published.windows] == [(frames, 64)]
    assert np.array_equal(published.windows[0], default.windows[0])
    short = fe.features(wave[:30_000], 44_100, protocol="published").windows[0]
    length = fe.windows.length(44_100)
    tiled = np.tile(wave[:30_000], -(-length // 30_000))[:length]
    assert np.array_equal(short, fe.features(tiled, 44_100, protocol="published").windows[0])


@pytest.mark.parametrize("version", VERSIONS)
def test_dropout_is_in_training_only(version):
    model, images = tiny(version), torch.randn(2, 100, 64)
    assert torch.equal(model(images).pooler_output, model(images).pooler_output)
    model.train()
    assert not torch.equal(model(images).pooler_output, model(images).pooler_output)


def test_bad_input_is_refused():
    for version in VERSIONS:
        for shape in ((2, 64), (2, 0, 64), (2, 40, 63)):
            with pytest.raises(ValueError, match=r"expected \(windows, frames, 64 mel bands\)"):
                tiny(version)(torch.zeros(shape))


def test_tags_from_the_waveform(shared, tmp_path):
    """2022's tags end to end. The recorded ones are 2.8e-5 from a float64 run: logits of hundreds in float32."""
    case = load_case(shared, "clap_2022")
    torch.save({"model": case.state_dict("fanin")}, tmp_path / "model.pth")
    folder = convert("msclap-2022", tmp_path / "model.pth", tmp_path / "out")
    image = (
        CONVERSIONS["msclap-2022"]
        .feature_extractor()
        .features(wav(case, "main", tmp_path), protocol="published")
        .windows[0]
    )
    with torch.no_grad():
        tags = AutoModel.from_pretrained(folder).eval()(torch.from_numpy(image)[None]).clipwise_output[0]
    theirs = case.arrays["fanin.clipwise.main"]
    assert theirs.std() > 0.3
    assert np.abs(tags.numpy() - theirs).max() < 1e-4
