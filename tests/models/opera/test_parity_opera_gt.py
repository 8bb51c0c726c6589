"""OPERA-GT against the original implementation, both weight variants, from the published container inwards."""

from __future__ import annotations

import numpy as np
import pytest
import soundfile
import torch
from transformers import AutoFeatureExtractor, AutoModel, AutoModelForPreTraining

import hf_auscult
from hf_auscult.models.convert_checkpoint import convert
from tests.reference import Case, load_case


@pytest.fixture(scope="module")
def case(shared) -> Case:
    return load_case(shared, "opera_gt")


@pytest.fixture(scope="module", params=["fixed", "fanin"])
def converted(request, case, tmp_path_factory):
    """(variant, folder) of a Lightning container converted by the command's own function."""
    folder = tmp_path_factory.mktemp(f"opera_gt_{request.param}")
    checkpoint = folder / "encoder-operaGT.ckpt"
    torch.save({"epoch": 1, "state_dict": case.state_dict(request.param)}, checkpoint)
    return request.param, convert("opera-gt", checkpoint, folder / "model")


def spread(case: Case, variant: str) -> float:
    return case.facts["facts"][f"float64_max_abs_diff_{variant}"]


@pytest.mark.parametrize(("name", "seconds"), [("main", 8.18), ("main", 5), ("main", 8), ("long", 8.18)])
def test_features(case, name, seconds):
    from hf_auscult.audio import WindowPolicy
    from hf_auscult.features import AuscultFeatureExtractor

    fe = AuscultFeatureExtractor("opera", WindowPolicy("overlapping_chunks", seconds=seconds, trim=True))
    images = fe(case.waveform(name), sampling_rate=16_000)["input_features"]
    key = f"features.{name}{seconds}"
    # dB of float32 spectra: librosa and torch differ by rounding in quiet bins, which 80 dB of range divides by 80.
    np.testing.assert_allclose(case.subsampled(key, images), case.arrays[key], atol=2e-5)


def test_hidden_states_and_embedding(case, converted):
    variant, folder = converted
    model = AutoModel.from_pretrained(folder).eval()
    with torch.no_grad():
        out = model(torch.from_numpy(case.arrays["features.main8.18"]), output_hidden_states=True)
    tolerance = spread(case, variant)
    case.check(f"{variant}.embedding_chunks.main8.18", out.pooler_output, tolerance)
    for index in (0, 5, 11):
        case.check(f"{variant}.hidden.block{index}", out.hidden_states[index + 1][0], tolerance)
    patches = model.patch_embed(torch.from_numpy(case.arrays["features.main8.18"]))
    case.check(f"{variant}.hidden.patch_embed", patches[0], tolerance)


@pytest.mark.parametrize("frames", [256, 128, 64])
def test_masked_reconstruction(case, converted, frames):
    variant, folder = converted
    model = AutoModelForPreTraining.from_pretrained(folder).eval()
    images = torch.from_numpy(np.stack([case.spectrogram(f"rec{frames}_{i}") for i in range(2)]))
    with torch.no_grad():
        out = model(images, noise=torch.from_numpy(case.arrays[f"noise.rec{frames}"]))
    np.testing.assert_array_equal(out.mask.numpy(), case.arrays[f"rec{frames}.mask"])
    np.testing.assert_array_equal(out.ids_restore.numpy(), case.arrays[f"rec{frames}.ids_restore"])
    tolerance = spread(case, variant)
    for key, value in (("latent", out.latent), ("pred", out.logits), ("loss", out.loss)):
        case.check(f"{variant}.rec{frames}.{key}", value, tolerance)


@pytest.mark.parametrize("name", ["main8.18", "long8.18"])
def test_published_protocol_from_a_file(case, converted, tmp_path, name):
    """16-bit wav in, published embedding out: decoding, trimming, chunking, log-mel, encoder and mean together."""
    variant, folder = converted
    made = case.facts["inputs"][name.removesuffix("8.18")]
    path = tmp_path / f"{name}.wav"
    soundfile.write(path, case.fill.make_waveform_int16(made["seed"], made["n"], made["sr"]), 16_000, subtype="PCM_16")
    row = hf_auscult.embed(str(folder), [path], protocol="published", progress=False)[0]
    theirs = case.arrays[f"{variant}.embedding.{name}"]
    # The whole path has the front end's rounding in it, not only the network's.
    assert np.abs(row - theirs).max() <= 2e-5 * np.abs(theirs).max()


def test_position_tables(case, converted):
    _, folder = converted
    model = AutoModelForPreTraining.from_pretrained(folder)
    rows = [0, 1, 2, 16, 17, 64, 65, 1024]
    np.testing.assert_array_equal(model.encoder.pos_embed[0, rows, ::16].numpy(), case.arrays["init.pos_embed_sub"])
    np.testing.assert_array_equal(
        model.decoder.pos_embed[0, rows, ::16].numpy(), case.arrays["init.decoder_pos_embed_sub"]
    )


def test_extractor_travels_with_the_weights(converted):
    fe = AutoFeatureExtractor.from_pretrained(converted[1])
    assert fe.sampling_rate == 16_000
    assert fe.published_windows.kind == "overlapping_chunks"
    assert fe.published_windows.trim
