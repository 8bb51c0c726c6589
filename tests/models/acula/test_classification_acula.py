"""An aligned encoder under a classification head: it starts from a saved AcuLa model's encoder."""

from __future__ import annotations

import pytest
import torch
from transformers import AutoModelForAudioClassification, pipeline

from hf_auscult.audio import WindowPolicy
from hf_auscult.features import AuscultFeatureExtractor
from hf_auscult.models.acula import AcuLaConfig
from hf_auscult.models.acula.modeling_acula import AcuLaForAudioClassification, AcuLaModel
from tests import tiny

AST = {
    "model_type": "audio-spectrogram-transformer",
    "hidden_size": 24,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "intermediate_size": 32,
    "max_length": 64,
    "num_mel_bins": 64,
}


@pytest.fixture
def images() -> torch.Tensor:
    return torch.rand(3, 64, 64, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("head", ["linear", "mlp", "attentive"])
@pytest.mark.parametrize("decoder", [True, False], ids=["with a decoder", "without"])
def test_starts_from_the_aligned_encoder(images, tmp_path, decoder, head):
    """Nothing but the head is new, nothing but what belongs to reports and the decoder is left, and both are said."""
    torch.manual_seed(0)
    aligned = tiny.model() if decoder else AcuLaModel(AcuLaConfig(audio_config=AST, text_size=12, teacher=None))
    aligned.eval().save_pretrained(tmp_path)
    model, report = AutoModelForAudioClassification.from_pretrained(
        tmp_path, num_labels=3, classifier_head=head, output_loading_info=True
    )
    assert isinstance(model, AcuLaForAudioClassification)
    assert report["missing_keys"] == {key for key in model.state_dict() if key.startswith("classifier.")}
    assert not report["unexpected_keys"]
    assert not report["mismatched_keys"]
    encoder = dict(aligned.audio_encoder.state_dict())
    ours = model.acula.audio_encoder.state_dict()
    assert encoder.keys() == ours.keys()
    assert all(torch.equal(ours[key], value) for key, value in encoder.items())
    out = model(images, labels=torch.tensor([0, 2, 1]))
    assert out.logits.shape == (3, 3)
    out.loss.backward()
    assert all(value.grad is not None for value in model.classifier.parameters())


def test_a_key_of_nobody_is_reported(tmp_path):
    """What is ignored is named; anything else is not ignored."""
    from safetensors.torch import load_file, save_file

    tiny.model().save_pretrained(tmp_path)
    state = load_file(tmp_path / "model.safetensors") | {"audio_model.encoder.spurious": torch.zeros(1)}
    save_file(state, tmp_path / "model.safetensors", metadata={"format": "pt"})
    _, report = AutoModelForAudioClassification.from_pretrained(tmp_path, output_loading_info=True)
    assert {key.removeprefix("acula.") for key in report["unexpected_keys"]} == {"audio_model.encoder.spurious"}


def test_round_trip_and_pipeline(images, tmp_path):
    tiny.model().save_pretrained(tmp_path / "aligned")
    model = AutoModelForAudioClassification.from_pretrained(
        tmp_path / "aligned", id2label={0: "absent", 1: "present", 2: "unknown"}
    ).eval()
    model.save_pretrained(tmp_path / "classifier")
    fe = AuscultFeatureExtractor(tiny.SPEC.name, WindowPolicy("sliding", samples=tiny.SAMPLES))
    fe.save_pretrained(tmp_path / "classifier")
    again, report = AutoModelForAudioClassification.from_pretrained(tmp_path / "classifier", output_loading_info=True)
    assert not report["missing_keys"] | report["unexpected_keys"]
    with torch.no_grad():
        assert torch.equal(again.eval()(images).logits, model(images).logits)
    wave = tiny.examples(1)[0].waveform
    with torch.no_grad():
        whole = model(**fe(wave, sampling_rate=fe.sampling_rate, return_tensors="pt")).logits[0].softmax(dim=-1)
    answers = pipeline("audio-classification", model=str(tmp_path / "classifier"))(
        {"raw": wave, "sampling_rate": fe.sampling_rate}, top_k=None
    )
    expected = dict(zip(("absent", "present", "unknown"), whole.tolist(), strict=True))
    assert {answer["label"]: answer["score"] for answer in answers} == pytest.approx(expected, abs=1e-6)


def test_gradient_checkpointing_and_hidden_states(images):
    model = AcuLaForAudioClassification(tiny.model().config).train()
    model.gradient_checkpointing_enable()
    assert model.is_gradient_checkpointing
    out = model(images, labels=torch.tensor([0, 1, 1]), output_hidden_states=True, output_attentions=True)
    assert len(out.hidden_states) == 3
    assert len(out.attentions) == 2
    out.loss.backward()
    assert all(value.grad is not None for value in model.acula.audio_encoder.parameters() if value.requires_grad)
