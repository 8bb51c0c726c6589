"""What every encoder must do, at a tiny size; the encoders are listed in `zoo`."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from transformers import (
    AutoConfig,
    AutoFeatureExtractor,
    AutoModel,
    AutoModelForAudioClassification,
    AutoModelForPreTraining,
    pipeline,
)

import hf_auscult
from hf_auscult.embedding.embedder import Embedder
from hf_auscult.errors import AudioError
from tests.models.zoo import ZOO, sound

every_encoder = pytest.mark.parametrize("variant", ZOO, ids=lambda variant: variant.name)


def only(condition: bool, reason: str) -> None:
    if not condition:
        pytest.skip(reason)


@every_encoder
def test_round_trip_is_bitwise(variant, tmp_path):
    """Weights and buffers survive `save_pretrained` and `from_pretrained` through the Auto classes."""
    model, fe, inputs = variant.model(), variant.extractor(), variant.inputs()
    model.save_pretrained(tmp_path)
    fe.save_pretrained(tmp_path)
    again = AutoModel.from_pretrained(tmp_path).eval()
    assert type(again) is type(model)
    assert AutoConfig.from_pretrained(tmp_path).to_dict().keys() == model.config.to_dict().keys()
    tensors = dict(again.named_parameters()) | dict(again.named_buffers())
    for name, value in (dict(model.named_parameters()) | dict(model.named_buffers())).items():
        assert torch.equal(tensors[name], value), f"{name} did not survive"
    with torch.no_grad():
        assert torch.equal(again(inputs).pooler_output, model(inputs).pooler_output)
    extractor = AutoFeatureExtractor.from_pretrained(tmp_path)
    assert type(extractor) is type(fe)
    assert extractor.to_dict() == fe.to_dict()


@every_encoder
def test_shapes(variant):
    model, inputs = variant.model(), variant.inputs(3)
    with torch.no_grad():
        out = model(inputs)
        assert out.pooler_output.shape == (3, model.config.pooled_size)
        assert out.last_hidden_state.shape[0] == 3
        assert out.last_hidden_state.shape[2] == model.config.hidden_size
        assert out.hidden_states is None
        if variant.hidden_states:
            states = model(inputs, output_hidden_states=True).hidden_states
            assert len(states) > 1
            assert all(len(state) == 3 and torch.isfinite(state).all() for state in states)
        assert isinstance(model(inputs, return_dict=False), tuple)


@every_encoder
def test_a_window_alone_and_in_a_batch(variant):
    model, inputs = variant.model(), variant.inputs(4)
    with torch.no_grad():
        together = model(inputs).pooler_output
        alone = torch.cat([model(window[None]).pooler_output for window in inputs])
    torch.testing.assert_close(alone, together, rtol=1e-4, atol=1e-5)


@every_encoder
def test_embedding_is_deterministic_and_independent_of_company(variant):
    """`embed` is bitwise repeatable; a recording's row depends neither on its neighbours nor on random state."""
    fe = variant.extractor()
    embedder = Embedder(variant.model(), fe)
    length = fe.windows.length(fe.sampling_rate)
    recordings = [
        {"array": sound(share * length / fe.sampling_rate, fe.sampling_rate, seed), "sampling_rate": fe.sampling_rate}
        for seed, share in enumerate((0.6, 2.5, 1.0))
    ]
    first = embedder(recordings)
    torch.manual_seed(99)
    np.random.seed(99)
    assert np.array_equal(embedder(recordings), first)
    assert np.array_equal(embedder(recordings[::-1])[::-1], first)
    assert first.dtype == np.float32
    assert first.shape == (3, embedder.encoder.config.pooled_size)


@every_encoder
def test_a_recording_is_the_weighted_mean_of_its_windows(variant):
    fe, model = variant.extractor(), variant.model()
    length, rate = fe.windows.length(fe.sampling_rate), fe.sampling_rate
    wave = sound(2.5 * length / rate, rate)
    features = fe.features(wave, rate)
    assert len(features.windows) == len(features.seconds) == 3
    assert sum(features.seconds) == pytest.approx(len(wave) / rate)
    with torch.no_grad():
        rows = [model(torch.from_numpy(window)[None]).pooler_output[0] for window in features.windows]
    mean = np.average(torch.stack(rows).numpy(), axis=0, weights=features.seconds)
    row = Embedder(model, fe)([{"array": wave, "sampling_rate": rate}])[0]
    np.testing.assert_allclose(row, mean, rtol=1e-4, atol=1e-5)


@every_encoder
@pytest.mark.parametrize("seconds", [0.1, 1.0])
@pytest.mark.parametrize("level", [0.0, 1.0], ids=["silence", "sound"])
def test_silence_and_a_tenth_of_a_second(variant, seconds, level):
    """A finite value or a typed error, never NaN."""
    fe = variant.extractor()
    recording = {"array": level * sound(seconds, fe.sampling_rate), "sampling_rate": fe.sampling_rate}
    protocols = ["default"] + ["published"] * (fe.published_windows is not None)
    for protocol in [*protocols, *(f"published:{name}" for name in fe.published_variants)]:
        try:
            row = Embedder(variant.model(), fe)([recording], protocol=protocol)
        except AudioError as error:
            assert protocol != "default", error
            continue
        assert np.isfinite(row).all()


@every_encoder
def test_gradient_reaches_every_parameter(variant):
    only(variant.parameters, "no weights to train")
    model, inputs = variant.model().train(), variant.inputs(4)
    model.zero_grad()
    out = model(inputs)
    (out.pooler_output.square().sum() + out.last_hidden_state.square().sum()).backward()
    without = [name for name, value in model.named_parameters() if value.requires_grad and value.grad is None]
    assert not without, without
    assert all(torch.isfinite(value.grad).all() for value in model.parameters() if value.grad is not None)


@every_encoder
def test_gradient_checkpointing_changes_nothing(variant):
    only(variant.checkpointing, "no gradient checkpointing")
    model, inputs = variant.model(), variant.inputs()
    model.train()
    for module in model.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0
    gradients = []
    for on in (False, True):
        if on:
            model.gradient_checkpointing_enable()
            assert model.is_gradient_checkpointing
        model.zero_grad()
        torch.manual_seed(0)
        model(inputs).pooler_output.square().sum().backward()
        gradients.append(
            {name: value.grad.clone() for name, value in model.named_parameters() if value.grad is not None}
        )
    for name, gradient in gradients[0].items():
        torch.testing.assert_close(gradients[1][name], gradient, rtol=1e-3, atol=1e-5, msg=name)


@every_encoder
def test_eager_and_sdpa_attention_agree(variant):
    only(variant.sdpa, "one attention implementation")
    model, inputs = variant.model(), variant.inputs()
    with torch.no_grad():
        model.set_attn_implementation("eager")
        eager = model(inputs, output_attentions=variant.attentions)
        model.set_attn_implementation("sdpa")
        fast = model(inputs)
    torch.testing.assert_close(fast.pooler_output, eager.pooler_output, rtol=1e-4, atol=1e-5)
    if variant.attentions:
        assert len(eager.attentions) > 0
        for weights in eager.attentions:
            torch.testing.assert_close(weights.sum(dim=-1), torch.ones_like(weights.sum(dim=-1)))


@every_encoder
def test_bf16(variant):
    only(variant.parameters, "no weights to round")
    model, inputs = variant.model(), variant.inputs()
    with torch.no_grad():
        full = model(inputs).pooler_output
        with torch.autocast("cpu", torch.bfloat16):
            half = model(inputs).pooler_output.float()
    assert torch.nn.functional.cosine_similarity(full, half).min() > 0.99


@every_encoder
@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16])
def test_inputs_of_another_precision(variant, dtype):
    """Arrow hands out lists that become double precision, and `BatchFeature.to` rounds: the weights decide."""
    model, inputs = variant.model(), variant.inputs()
    with torch.no_grad():
        full, found = model(inputs).pooler_output, model(inputs.to(dtype)).pooler_output
    assert found.dtype == full.dtype
    assert torch.nn.functional.cosine_similarity(full, found).min() > 0.99


@every_encoder
def test_compile_without_graph_breaks(variant):
    only(not variant.compiles, variant.compiles)
    model, inputs = variant.model(), variant.inputs()
    torch._dynamo.reset()
    compiled = torch.compile(model, fullgraph=True, backend="eager")
    with torch.no_grad():
        torch.testing.assert_close(compiled(inputs).pooler_output, model(inputs).pooler_output, rtol=1e-4, atol=1e-5)


@every_encoder
def test_lora_attach_save_merge(variant, tmp_path):
    only(variant.parameters, "no weights to adapt")
    from peft import LoraConfig, PeftModel, get_peft_model

    inputs = variant.inputs()
    adapted = get_peft_model(
        variant.model(), LoraConfig(r=2, target_modules=variant.lora, init_lora_weights=False)
    ).eval()
    with torch.no_grad():
        expected = adapted(input_features=inputs).pooler_output
        assert not torch.allclose(expected, variant.model()(inputs).pooler_output)
        adapted.save_pretrained(tmp_path)
        again = PeftModel.from_pretrained(variant.model(), tmp_path).eval()
        torch.testing.assert_close(again(input_features=inputs).pooler_output, expected)
        merged = again.merge_and_unload()
        torch.testing.assert_close(merged(inputs).pooler_output, expected, rtol=1e-3, atol=1e-4)


@every_encoder
@pytest.mark.parametrize("head", ["linear", "mlp", "attentive"])
def test_classification(variant, head, tmp_path):
    """Loss, gradients, and the pipeline on a saved folder; a recording's logits are the mean over its windows."""
    model = variant.model(
        cls=AutoModelForAudioClassification, classifier_head=head, id2label={0: "absent", 1: "present", 2: "unknown"}
    )
    fe, inputs = variant.extractor(), variant.inputs(3)
    out = model(inputs, labels=torch.tensor([0, 2, 1]))
    assert out.logits.shape == (3, 3)
    out.loss.backward()
    assert all(value.grad is not None for value in model.classifier.parameters())
    length, rate = fe.windows.length(fe.sampling_rate), fe.sampling_rate
    wave = sound(2.5 * length / rate, rate)
    with torch.no_grad():
        whole = model(**fe(wave, sampling_rate=rate, return_tensors="pt")).logits
    assert whole.shape == (1, 3)
    model.save_pretrained(tmp_path)
    fe.save_pretrained(tmp_path)
    answers = pipeline("audio-classification", model=str(tmp_path))({"raw": wave, "sampling_rate": rate}, top_k=3)
    expected = dict(zip(("absent", "present", "unknown"), whole[0].softmax(dim=-1).tolist(), strict=True))
    for answer in answers:
        assert answer["score"] == pytest.approx(expected[answer["label"]], abs=1e-5)


@every_encoder
def test_preservation_in_pretraining(variant):
    """A pre-training class gives a finite loss, the same for the same noise, that trains its encoder."""
    config = variant.config()
    only(type(config) in AutoModelForPreTraining._model_mapping, "no pre-training objective")
    model, inputs = variant.model(cls=AutoModelForPreTraining), variant.inputs(4)
    noise = torch.rand(4, model.noise_size(inputs.shape[1]), generator=torch.Generator().manual_seed(0))
    loss = model(inputs, noise=noise).loss
    assert torch.equal(model(inputs, noise=noise).loss, loss)
    assert torch.equal(model(inputs).loss, model(inputs).loss), "evaluation drew random numbers"
    loss.backward()
    assert any(value.grad is not None and value.grad.abs().sum() > 0 for value in model.base_model.parameters())


@every_encoder
def test_alignment(variant):
    """Every encoder stands inside AcuLa, with a projection from its pooled width."""
    from hf_auscult.models.acula import AcuLaConfig
    from hf_auscult.models.acula.modeling_acula import AcuLaModel

    torch.manual_seed(0)
    model = AcuLaModel(AcuLaConfig(audio_config=variant.config(), text_size=12, teacher=None)).eval()
    inputs = variant.inputs(4)
    out = model(inputs, text_embeddings=torch.randn(4, 12))
    assert out.audio_embeds.shape == (4, 512)
    hf_auscult.objectives.get("infonce")(out.audio_embeds, out.text_embeds).backward()
    trained = [value for value in model.audio_encoder.parameters() if value.grad is not None]
    assert trained or not variant.parameters
