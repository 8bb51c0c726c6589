"""AcuLa against the released code: features, projections, losses, from the released container inwards."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from transformers import AutoModel, AutoModelForPreTraining

from hf_auscult import objectives
from hf_auscult.models.convert_checkpoint import convert
from tests.reference import Case, load_case

PARTS = {
    "audio_model.": "audio_model_state_dict",
    "audio_projection_mlp.": "audio_projection_mlp_state_dict",
    "language_projection_mlp.": "language_projection_mlp_state_dict",
}
SPREAD = 1e-6  # the case states none; OPERA-GT's own is 6e-7


@pytest.fixture(scope="module")
def case(shared) -> Case:
    return load_case(shared, "acula")


def released_container(case: Case, variant: str) -> dict:
    container: dict = {name: {} for name in PARTS.values()} | {"epoch": 49, "optimizer_state_dict": {}}
    for key, value in case.state_dict(variant).items():
        prefix = next(prefix for prefix in PARTS if key.startswith(prefix))
        container[PARTS[prefix]][key.removeprefix(prefix)] = value
    return container


@pytest.fixture(scope="module", params=["fixed", "fanin"])
def converted(request, case, tmp_path_factory):
    folder = tmp_path_factory.mktemp(f"acula_{request.param}")
    torch.save(released_container(case, request.param), folder / "acula_final.pt")
    model = AutoModel.from_pretrained(convert("acula", folder / "acula_final.pt", folder / "model")).eval()
    return request.param, model


@pytest.fixture(scope="module")
def images(case) -> torch.Tensor:
    return torch.from_numpy(np.stack([case.spectrogram(f"mel{index}") for index in range(6)]))


@pytest.fixture(scope="module")
def hidden(case) -> torch.Tensor:
    made = case.facts["inputs"]["lm_hidden"]
    return torch.from_numpy(case.fill.make_noise(made["seed"], made["shape"]) - np.float32(0.5))


def test_features_projections_and_losses(case, converted, images, hidden):
    variant, model = converted
    mask = torch.ones(hidden.shape[:2], dtype=torch.long)
    from hf_auscult.models.acula.teacher_acula import pool_tokens

    with torch.no_grad():
        out = model(
            images,
            text_embeddings=pool_tokens(hidden, mask, "padded_mean"),
            reconstruct=True,
            noise=torch.from_numpy(case.arrays["noise.mam"]),
        )
    case.check(f"{variant}.audio_features", out.pooler_output, SPREAD)
    case.check(f"{variant}.audio_projection", out.audio_embeds, SPREAD)
    case.check(f"{variant}.audio_projection", model.get_audio_features(images), SPREAD)
    case.check(f"{variant}.language_projection", out.text_embeds, SPREAD)
    case.check(f"{variant}.mam_loss", out.reconstruction_loss, SPREAD)
    order = [3, 0, 5, 1, 2, 4]
    for ours, theirs in (("published", "released"), ("cka", "linear_cka")):
        objective = objectives.get(ours)
        case.check(f"{variant}.alignment_loss_{theirs}", objective(out.audio_embeds, out.text_embeds), SPREAD)
        shuffled = objective(out.audio_embeds, out.text_embeds[order])
        case.check(f"{variant}.alignment_loss_{theirs}_shuffled", shuffled, SPREAD)


@pytest.mark.parametrize("name", ["main", "long"])
def test_training_features(case, converted, name):
    """No trimming, zero-padded or cut to 131,000 samples."""
    from hf_auscult.models.opera.convert_opera_gt import feature_extractor

    fe = feature_extractor("acula")
    images = fe(case.waveform(name), sampling_rate=16_000, protocol="published")["input_features"]
    assert images.shape == (1, 256, 64)
    ours = case.subsampled(f"features.{name}", images[0])
    np.testing.assert_allclose(ours, case.arrays[f"features.{name}"], atol=2e-5)


def test_bare_encoder_container(case, tmp_path, images):
    """`acula_audio_encoder.pt` is OPERA-GT's bare state dict: an encoder, without projections."""
    state = {key: value for key, value in case.state_dict("fanin").items() if key.startswith("audio_model.")}
    torch.save({key.removeprefix("audio_model."): value for key, value in state.items()}, tmp_path / "enc.pt")
    folder = convert("acula", tmp_path / "enc.pt", tmp_path / "model")
    model = AutoModelForPreTraining.from_pretrained(folder).eval()
    with torch.no_grad():
        case.check("fanin.audio_features", model.encoder(images).pooler_output, SPREAD)
