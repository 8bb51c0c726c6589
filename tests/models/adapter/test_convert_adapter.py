"""From transformers' own checkpoints to embeddings, without a word about adapters."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import soundfile
import torch
from safetensors.torch import load_file, save_file
from transformers import (
    ASTForAudioClassification,
    AutoConfig,
    AutoFeatureExtractor,
    AutoModel,
    AutoModelForAudioClassification,
    BertConfig,
    BertModel,
    ClapConfig,
    ClapModel,
    ViTConfig,
    ViTModel,
    Wav2Vec2ForCTC,
    WhisperForConditionalGeneration,
    WhisperModel,
)
from transformers.models.qwen2_5_omni.modeling_qwen2_5_omni import Qwen2_5OmniThinkerForConditionalGeneration

import hf_auscult
from hf_auscult.audio import WindowPolicy
from hf_auscult.embedding.embedder import Embedder
from hf_auscult.errors import ConfigurationError
from hf_auscult.features import AuscultFeatureExtractor
from hf_auscult.models.adapter.modeling_adapter import AudioAdapterModel
from tests.models.adapter import tiny
from tests.models.adapter.test_adapter import RATE, native_call
from tests.models.zoo import sound


def save(model: Any, name: str, folder: Any) -> str:
    """A folder as its authors publish it: their weights, their extractor (HeAR has none)."""
    model.save_pretrained(folder)
    if name != "hear":
        tiny.NATIVES[name]()[1].save_pretrained(folder)
    return str(folder)


def by_hand(name: str, wave: np.ndarray) -> np.ndarray:
    """The published embedding of a recording of one window, through transformers alone."""
    extractor = tiny.NATIVES[name]()[1]
    if name == "qwen":
        found = extractor([wave], sampling_rate=RATE, padding="max_length", return_attention_mask=True)
        mask = np.asarray(found["attention_mask"][0], dtype=bool)
        inputs = torch.tensor(np.asarray(found["input_features"]))[:, :, torch.from_numpy(mask)]
    else:
        inputs = torch.tensor(np.asarray(extractor([wave], sampling_rate=RATE)[extractor.model_input_names[0]]))
    return native_call(name, inputs.float())[1].numpy()


# No longer than the encoder's window.
SECONDS = {"ast": 0.5, "hear": 1.7, "wav2vec2": 3.0}


@pytest.mark.parametrize("name", tiny.NATIVES)
def test_embed_from_a_folder_of_transformers(name, tmp_path):
    folder = save(tiny.native_model(name), name, tmp_path / "native")
    wave = sound(SECONDS.get(name, 0.8), RATE)
    soundfile.write(tmp_path / "a.wav", wave, RATE, subtype="FLOAT")
    row = hf_auscult.embed(folder, [tmp_path / "a.wav"], progress=False)
    expected = by_hand(name, wave)
    # Weights read from a file lie elsewhere in memory than new ones, which moves the last bits of small products.
    np.testing.assert_allclose(row, expected, rtol=1e-5, atol=1e-6)
    # The adapted pair is one of this package's folders.
    model, extractor = hf_auscult.adapt(folder)
    model.save_pretrained(tmp_path / "adapted")
    extractor.save_pretrained(tmp_path / "adapted")
    assert type(AutoModel.from_pretrained(tmp_path / "adapted")) is AudioAdapterModel
    again = AutoFeatureExtractor.from_pretrained(tmp_path / "adapted")
    assert again.to_dict() == extractor.to_dict()
    assert AutoConfig.from_pretrained(tmp_path / "adapted").pooled_size == row.shape[1]
    reloaded = hf_auscult.embed(str(tmp_path / "adapted"), [tmp_path / "a.wav"], progress=False)
    np.testing.assert_allclose(reloaded, row, rtol=1e-5, atol=1e-6)


def holders() -> dict[str, Any]:
    """Checkpoints that hold an encoder among other things."""
    torch.manual_seed(0)
    text = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16}
    thinker = AutoConfig.for_model(
        "qwen2_5_omni_thinker",
        audio_config=tiny.QWEN,
        vision_config={
            "depth": 1,
            "hidden_size": 16,
            "intermediate_size": 16,
            "num_heads": 2,
            "out_hidden_size": 24,
            "fullatt_block_indexes": [0],
        },
        text_config={
            "hidden_size": 24,
            "intermediate_size": 16,
            "num_hidden_layers": 1,
            "num_attention_heads": 2,
            "num_key_value_heads": 2,
            "vocab_size": 40,
            "pad_token_id": 0,
            "rope_parameters": {"rope_type": "default", "rope_theta": 1e4, "mrope_section": [2, 2, 2]},
        },
    )
    clap = ClapConfig(text_config={**text, "vocab_size": 40}, audio_config=tiny.CLAP, projection_dim=8)
    return {
        "clap": ClapModel(clap),
        "whisper": WhisperModel(tiny.NATIVES["whisper"]()[0]),
        "whisper/generation": WhisperForConditionalGeneration(tiny.NATIVES["whisper"]()[0]),
        "wav2vec2/ctc": Wav2Vec2ForCTC(tiny.NATIVES["wav2vec2"]()[0]),
        "ast/classification": ASTForAudioClassification(tiny.NATIVES["ast"]()[0]),
        "qwen/thinker": Qwen2_5OmniThinkerForConditionalGeneration(thinker),
    }


@pytest.mark.parametrize("key", holders())
def test_the_encoder_inside_a_larger_checkpoint(key, tmp_path):
    """Loaded alone from the folder, or taken out of the model: the same encoder."""
    name, model = key.split("/")[0], holders()[key].eval()
    folder = save(model, name, tmp_path)
    recordings = [{"array": sound(seconds, RATE), "sampling_rate": RATE} for seconds in (0.5, 1.3)]
    rows = hf_auscult.embed(folder, recordings, progress=False)
    within = Embedder(model, tiny.NATIVES[name]()[1])(recordings)
    np.testing.assert_allclose(rows, within, rtol=1e-5, atol=1e-6)
    adapted, _ = hf_auscult.adapt(model, tiny.NATIVES[name]()[1])
    assert any(module is adapted.native for module in model.modules()), "the encoder was copied"
    loaded = hf_auscult.adapt(folder)[0]
    assert sum(value.numel() for value in loaded.parameters()) == sum(
        value.numel() for value in adapted.parameters()
    ), "more than the encoder was loaded"
    loaded.save_pretrained(tmp_path / "adapted")
    again = AutoModel.from_pretrained(tmp_path / "adapted").state_dict()
    assert all(torch.equal(again[key], value) for key, value in loaded.state_dict().items())


def test_the_published_layout_of_qwen_omni(tmp_path):
    """The published checkpoint holds thinker, talker and vocoder; only the thinker's audio tower is read."""
    thinker = holders()["qwen/thinker"].eval()
    whole = AutoConfig.for_model("qwen2_5_omni", thinker_config=thinker.config.to_dict())
    whole.save_pretrained(tmp_path)
    thinker.save_pretrained(tmp_path / "thinker")
    weights = load_file(tmp_path / "thinker" / "model.safetensors")
    assert "audio_tower.conv1.weight" in weights
    save_file(
        {f"thinker.{key}": value for key, value in weights.items()},
        tmp_path / "model.safetensors",
        metadata={"format": "pt"},
    )
    model, _ = hf_auscult.adapt(str(tmp_path), tiny.NATIVES["qwen"]()[1])
    tower = hf_auscult.adapt(thinker, tiny.NATIVES["qwen"]()[1])[0].state_dict()
    assert all(torch.equal(value, tower[key]) for key, value in model.state_dict().items())


def test_an_adapted_encoder_under_a_new_head(tmp_path):
    """Fine-tuning starts from the adapted folder: the encoder's weights, a fresh classifier."""
    model, _ = hf_auscult.adapt(tiny.native_model("ast"), tiny.NATIVES["ast"]()[1], layers=[1])
    model.save_pretrained(tmp_path)
    classifier, info = AutoModelForAudioClassification.from_pretrained(
        tmp_path, num_labels=3, classifier_head="mlp", output_loading_info=True
    )
    assert all(key.startswith("classifier.") for key in info["missing_keys"])
    assert not info["unexpected_keys"]
    ours, theirs = classifier.encoder.state_dict(), model.state_dict()
    assert ours.keys() == theirs.keys()
    assert all(torch.equal(ours[key], value) for key, value in theirs.items())
    assert classifier(torch.zeros(2, 64, 32)).logits.shape == (2, 3)


def test_lora_weights_alone(tmp_path):
    """A folder of LoRA weights names its base model; AutoModel puts both together."""
    from peft import LoraConfig, get_peft_model

    model, extractor = hf_auscult.adapt(tiny.native_model("ast"), tiny.NATIVES["ast"]()[1])
    model.save_pretrained(tmp_path / "base")
    base = AutoModel.from_pretrained(tmp_path / "base")
    torch.manual_seed(0)
    lora = get_peft_model(base, LoraConfig(r=2, target_modules="all-linear", init_lora_weights=False)).eval()
    lora.save_pretrained(tmp_path / "lora")
    recording = {"array": sound(0.6, RATE), "sampling_rate": RATE}
    row = Embedder(str(tmp_path / "lora"), extractor)([recording])
    inputs = torch.from_numpy(np.stack(extractor.features(recording).windows))
    with torch.no_grad():
        np.testing.assert_allclose(row, lora(input_features=inputs).pooler_output, rtol=1e-5, atol=1e-6)


def test_first_six_layers_of_ast():
    """AST's lower half as the embedding, by hand: what is left of an AST cut after its sixth layer."""
    from transformers import ASTConfig, ASTFeatureExtractor, ASTModel

    sizes = {**tiny.SIZES, "max_length": 64, "num_mel_bins": 32}
    torch.manual_seed(0)
    whole = ASTModel(ASTConfig(**{**sizes, "num_hidden_layers": 12})).eval()
    half = ASTModel(ASTConfig(**{**sizes, "num_hidden_layers": 6})).eval()
    half.load_state_dict({key: whole.state_dict()[key] for key in half.state_dict()})
    half.layernorm = torch.nn.Identity()
    model, fe = hf_auscult.adapt(whole, ASTFeatureExtractor(max_length=64, num_mel_bins=32), layers=[6])
    inputs = torch.from_numpy(np.stack(fe.features(sound(0.6, RATE), RATE).windows))
    with torch.no_grad():
        torch.testing.assert_close(model(inputs).pooler_output, half(inputs).pooler_output)


def test_an_adapted_model_keeps_its_mode_and_device():
    training = tiny.native_model("wavlm").train()
    model, _ = hf_auscult.adapt(training, tiny.NATIVES["wavlm"]()[1])
    assert model.training
    assert {value.device.type for value in model.parameters()} == {"cpu"}


def test_default_windows():
    """Each encoder's own window; a shorter recording is the extractor's to pad."""
    found = {name: tiny.extractor(name).windows for name in tiny.NATIVES}
    assert {policy.padding for policy in found.values()} == {"shift"}
    seconds = {"ast": 0.64, "clap": 1.0, "clap-fused": 1.0, "whisper": 1.0, "qwen": 1.0, "hear": 2.0}
    waves = dict.fromkeys(("wav2vec2", "hubert", "wavlm"), 10.0)
    assert {name: policy.seconds for name, policy in found.items()} == seconds | waves
    from transformers import ASTFeatureExtractor, ClapFeatureExtractor, WhisperFeatureExtractor

    from hf_auscult.models.adapter.natives import NATIVES

    full = {
        "audio-spectrogram-transformer": (ASTFeatureExtractor(), 10.24),
        "clap_audio_model": (ClapFeatureExtractor(), 10.0),
        "whisper": (WhisperFeatureExtractor(), 30.0),
        "qwen2_5_omni_audio_encoder": (WhisperFeatureExtractor(feature_size=128, chunk_length=300), 300.0),
    }
    for model_type, (extractor, seconds) in full.items():
        assert NATIVES[model_type].window(extractor)["seconds"] == seconds


def test_windows_of_the_callers_choice():
    policy = WindowPolicy("sliding", seconds=0.5, padding="repeat")
    for windows in (policy, policy.to_dict()):
        _, fe = hf_auscult.adapt(tiny.native_model("wavlm"), tiny.NATIVES["wavlm"]()[1], windows=windows)
        assert fe.windows == policy
    with pytest.raises(ConfigurationError, match="keeps 16000"):
        hf_auscult.adapt(
            tiny.native_model("clap"), tiny.NATIVES["clap"]()[1], windows=WindowPolicy("sliding", seconds=1.5)
        )


def test_an_extractor_of_this_package_is_kept():
    """AST over this package's log-mel images."""
    fe = AuscultFeatureExtractor("opera", WindowPolicy("sliding", seconds=2.016))
    torch.manual_seed(0)
    native = tiny.native_model("ast")
    model, found = hf_auscult.adapt(native, fe)
    assert found is fe
    assert isinstance(model, AudioAdapterModel)
    with pytest.raises(ConfigurationError, match="a window policy of its own"):
        hf_auscult.adapt(native, fe, windows=WindowPolicy("whole"))


def test_what_is_no_audio_encoder(tmp_path):
    bert = BertModel(BertConfig(**tiny.SIZES, vocab_size=40))
    bert.save_pretrained(tmp_path / "bert")
    for model in (bert, str(tmp_path / "bert")):
        with pytest.raises(ConfigurationError, match=r"'bert' is no audio model.*audio-spectrogram.*clap.*whisper"):
            hf_auscult.embed(model, [], progress=False)
    vit = ViTModel(ViTConfig(**tiny.SIZES, image_size=32, patch_size=16))
    with pytest.raises(ConfigurationError, match="not HeAR"):
        hf_auscult.adapt(vit)


def test_settings_of_another_encoder():
    with pytest.raises(ConfigurationError, match="hidden states 0 to 2"):
        hf_auscult.adapt(tiny.native_model("ast"), tiny.NATIVES["ast"]()[1], layers=[6])
    with pytest.raises(ConfigurationError, match="no feature extractor of Whisper"):
        hf_auscult.adapt(tiny.native_model("whisper"), tiny.NATIVES["wavlm"]()[1])
    with pytest.raises(ConfigurationError, match="does not say where"):
        hf_auscult.adapt(tiny.native_model("wavlm"))


def test_a_checkpoint_without_the_pooler_is_refused(tmp_path):
    """transformers fills what is missing with random weights: the embedding would be noise."""
    config = tiny.NATIVES["hear"]()[0]
    ViTModel(config, add_pooling_layer=False).save_pretrained(tmp_path)
    with pytest.raises(ConfigurationError, match=r"does not fill HeAR: missing \['pooler"):
        hf_auscult.adapt(str(tmp_path))


def test_weights_of_pre_training_may_be_missing(tmp_path):
    """A fine-tuned Wav2Vec2 has no embedding for masked frames; nothing in evaluation needs it."""
    config = tiny.NATIVES["wav2vec2"]()[0]
    native = tiny.native_model("wav2vec2")
    native.save_pretrained(tmp_path)
    tiny.NATIVES["wav2vec2"]()[1].save_pretrained(tmp_path)
    config.mask_time_prob = 0.05
    config.save_pretrained(tmp_path)
    model, _ = hf_auscult.adapt(str(tmp_path))
    assert model.native.masked_spec_embed is not None
