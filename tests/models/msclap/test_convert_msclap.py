"""MS-CLAP's files: the caption branch is left out by name, the front end compared, anything else must fit."""

from __future__ import annotations

import pytest
import torch
from transformers import AutoFeatureExtractor, AutoModel

from hf_auscult.errors import ConversionError
from hf_auscult.features import FRONT_ENDS, mel_bank
from hf_auscult.models.convert_checkpoint import convert
from hf_auscult.models.convert_fixed import MEL_KEY, STFT_KEYS, stft_kernels
from tests.reference import load_case

VERSIONS = ("2022", "2023")
BASE = {"2022": "audio_encoder.base.", "2023": "audio_encoder.base.htsat."}
# The mel bank that each version runs: 2023's is made for 32 kHz.
MEL = {"2022": "msclap-2022", "2023": "msclap-2023"}
CAPTION = {"caption_encoder.base.wte.weight": torch.ones(3, 2), "logit_scale": torch.tensor(2.6)}


@pytest.fixture(scope="module")
def states(shared) -> dict[str, dict[str, torch.Tensor]]:
    """The original names and shapes; one value a tensor, so that files stay small."""
    found: dict[str, dict[str, torch.Tensor]] = {}
    for version in VERSIONS:
        spec = load_case(shared, f"clap_{version}").facts["state_dict"]
        found[version] = {
            key: torch.tensor(7) if item["fill"] == "zero" else torch.tensor(0.001 * index).expand(item["shape"])
            for index, (key, item) in enumerate(sorted(spec.items()))
            if item["fill"] != "init"
        }
    return found


def front_end(version: str) -> dict[str, torch.Tensor]:
    tables = dict(zip(STFT_KEYS, stft_kernels(1024), strict=True)) | {MEL_KEY: mel_bank(FRONT_ENDS[MEL[version]])}
    return {BASE[version] + key: value for key, value in tables.items()}


def attempt(tmp_path, state, version):
    torch.save({"model": state}, tmp_path / "model.pth")
    return convert(f"msclap-{version}", tmp_path / "model.pth", tmp_path / "out")


def refuse(tmp_path, state, version, message):
    with pytest.raises(ConversionError, match=message):
        attempt(tmp_path, state, version)
    assert {path.name for path in tmp_path.iterdir()} == {"model.pth"}, "something was written"


@pytest.mark.parametrize("version", VERSIONS)
def test_the_audio_branch_travels(tmp_path, states, version):
    """With front end and caption branch in the file; every audio tensor arrives, counters included."""
    state = states[version]
    folder = attempt(tmp_path, {**state, **front_end(version), **CAPTION}, version)
    model, fe = AutoModel.from_pretrained(folder), AutoFeatureExtractor.from_pretrained(folder)
    found = model.state_dict()
    assert torch.equal(found["projection.linear2.weight"], state["audio_encoder.projection.linear2.weight"])
    if version == "2022":
        pairs = {
            "base.blocks.5.conv2.weight": "conv_block6.conv2.weight",
            "base.tags.weight": "fc_audioset.weight",
            "base.bn0.num_batches_tracked": "bn0.num_batches_tracked",
        }
        assert len(found) == len(state)
    else:
        swin = "base.swin.audio_encoder."
        pairs = {
            f"{swin}layers.2.blocks.5.intermediate.dense.weight": "layers.2.blocks.5.mlp.fc1.weight",
            f"{swin}batch_norm.num_batches_tracked": "bn0.num_batches_tracked",
            "base.tags.weight": "tscam_conv.weight",
        }
        qkv = state[f"{BASE[version]}layers.0.blocks.1.attn.qkv.weight"]
        assert torch.equal(found[f"{swin}layers.0.blocks.1.attention.self.key.weight"], qkv[96:192])
    for ours, theirs in pairs.items():
        assert torch.equal(found[ours], state[BASE[version] + theirs]), ours
    assert (fe.sampling_rate, fe.front_end.name) == (44_100, MEL[version])
    assert (fe.windows.padding, fe.published_windows.kind) == ("repeat", "tile")
    assert fe.windows.seconds == fe.published_windows.seconds == (5.0 if version == "2022" else 7.0)


@pytest.mark.parametrize("version", VERSIONS)
def test_only_the_caption_branch_is_left_out(tmp_path, states, version):
    others = ("text_encoder.weight", "audio_encoder.extra.weight", "logit_scale_text", "caption.x", "optimizer.step")
    unknown = {key: torch.ones(2) for key in others}
    message = r"5 unknown: caption\.x, extra\.weight, logit_scale_text, optimizer\.step, text_encoder\.weight"
    refuse(tmp_path, {**states[version], **CAPTION, **unknown}, version, message)


@pytest.mark.parametrize("version", VERSIONS)
def test_missing_and_misshapen_tensors(tmp_path, states, version):
    state = states[version]
    key = "audio_encoder.projection.layer_norm.bias"
    without = {name: value for name, value in state.items() if name != key}
    refuse(tmp_path, without, version, r"1 missing: projection\.layer_norm\.bias")
    refuse(tmp_path, {**state, key: torch.ones(512)}, version, r"projection\.layer_norm\.bias: \(512,\) instead")
    counter = f"{BASE[version]}bn0.num_batches_tracked"
    refuse(tmp_path, {name: value for name, value in state.items() if name != counter}, version, "1 missing")


@pytest.mark.parametrize("version", VERSIONS)
def test_another_front_end_is_refused(tmp_path, states, version):
    other = mel_bank(FRONT_ENDS[MEL["2023" if version == "2022" else "2022"]])
    refuse(tmp_path, {**states[version], BASE[version] + MEL_KEY: other}, version, f"{MEL_KEY} differs by")
    kernel = BASE[version] + STFT_KEYS[0]
    wrong = {**states[version], kernel: front_end(version)[kernel] + 2e-4}
    refuse(tmp_path, wrong, version, f"{STFT_KEYS[0]} differs by 0.0002")


def test_2023_needs_its_classifier(tmp_path, states):
    for name in ("tscam_conv.bias", "head.weight"):
        key = BASE["2023"] + name
        without = {other: value for other, value in states["2023"].items() if other != key}
        refuse(tmp_path, without, "2023", f"{name} is missing")


def test_the_other_version(tmp_path, states):
    refuse(tmp_path, states["2022"], "2023", "missing")
    refuse(tmp_path, states["2023"], "2022", "tensors do not fit this family")
