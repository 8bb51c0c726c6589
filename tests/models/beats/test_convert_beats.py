"""BEATs' containers: the configuration is read, the three kinds told apart, everything else refused. Sizes are tiny."""

from __future__ import annotations

import re

import pytest
import torch
from transformers import AutoConfig, AutoModel, AutoModelForAudioClassification

from hf_auscult.errors import ConversionError
from hf_auscult.models.beats.convert_beats import FIELDS, OPTIONAL, SUPPORTED
from hf_auscult.models.beats.modeling_beats import BeatsForAudioClassification, BeatsModel, BeatsTokenizer
from hf_auscult.models.convert_checkpoint import convert
from tests.models.zoo import tiny_beats

#: Our names -> the published ones.
NAMES = (
    (r"^encoder\.", ""),
    (r"^classifier\.output\.", "predictor."),
    (r"^quantiser\.fc1\.", "quantize_layer.0."),
    (r"^quantiser\.fc2\.", "quantize_layer.2."),
    (r"^quantiser\.codebook$", "quantize.embedding.weight"),
    (r"^patch_projection\.", "post_extract_proj."),
    (r"^transformer\.positions\.norm$", "encoder.pos_conv.0.weight_g"),
    (r"^transformer\.positions\.direction$", "encoder.pos_conv.0.weight_v"),
    (r"^transformer\.positions\.bias$", "encoder.pos_conv.0.bias"),
    (r"^transformer\.norm\.", "encoder.layer_norm."),
    (r"^transformer\.relative_bias\.", "encoder.layers.0.self_attn.relative_attention_bias."),
    (r"^transformer\.layers\.(\d+)\.attention\.", r"encoder.layers.\1.self_attn."),
    (r"^transformer\.layers\.(\d+)\.attention_norm\.", r"encoder.layers.\1.self_attn_layer_norm."),
    (r"^transformer\.layers\.(\d+)\.final_norm\.", r"encoder.layers.\1.final_layer_norm."),
    (r"^transformer\.layers\.", "encoder.layers."),
)
COPY = "encoder.layers.1.self_attn.relative_attention_bias.weight"


def published_names(state: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    renamed = {}
    for key, value in state.items():
        for pattern, name in NAMES:
            key = re.sub(pattern, name, key)
        renamed[key] = value
    return renamed


def published(cls, **settings) -> dict:
    torch.manual_seed(0)
    config = tiny_beats(**settings)()
    state = published_names(cls(config).state_dict())
    state[COPY] = state[COPY.replace(".1.", ".0.")]
    cfg = {theirs: getattr(config, ours) for theirs, ours in (FIELDS | OPTIONAL).items()} | SUPPORTED
    return {"cfg": cfg | {"finetuned_model": "predictor.weight" in state, "a_later_field": 3}, "model": state}


def attempt(tmp_path, container):
    torch.save(container, tmp_path / "BEATs.pt")
    return convert("beats", tmp_path / "BEATs.pt", tmp_path / "out")


@pytest.fixture
def container() -> dict:
    return published(BeatsModel)


def test_names_are_the_published_ones(container):
    assert {"patch_embedding.weight", "encoder.pos_conv.0.weight_g", "encoder.layers.1.self_attn.grep_a"} <= set(
        container["model"]
    )


@pytest.mark.parametrize("copies", ["all", "first", "parametrised"])
def test_the_encoder(tmp_path, container, copies):
    state, original = container["model"], dict(container["model"])
    if copies == "first":
        del state[COPY]
    if copies == "parametrised":
        for name, number in (("weight_g", 0), ("weight_v", 1)):
            key = f"encoder.pos_conv.0.parametrizations.weight.original{number}"
            state[key] = state.pop(f"encoder.pos_conv.0.{name}")
    container["cfg"]["max_distance"] = 1_280
    model = AutoModel.from_pretrained(attempt(tmp_path, container))
    assert isinstance(model, BeatsModel)
    assert model.config.max_bucket_distance == 1_280
    for key, value in published_names(model.state_dict()).items():
        assert torch.equal(value, original[key]), key


def test_the_fine_tuned_network(tmp_path):
    container = published(BeatsForAudioClassification, num_labels=3)
    container["label_dict"] = {1: "/m/b", 0: "/m/a", 2: "/m/c"}
    folder = attempt(tmp_path, container)
    model = AutoModelForAudioClassification.from_pretrained(folder)
    assert torch.equal(model.classifier.output.weight, container["model"]["predictor.weight"])
    config = AutoConfig.from_pretrained(folder)
    assert config.id2label == {0: "/m/a", 1: "/m/b", 2: "/m/c"}
    assert (config.label2id["/m/c"], config.problem_type) == (2, "multi_label_classification")
    assert isinstance(AutoModel.from_pretrained(folder), BeatsModel)


def test_the_tokenizer(tmp_path):
    container = published(BeatsTokenizer)
    state = container["model"]
    state |= {"quantize.cluster_size": torch.ones(20), "quantize.embedding.initted": torch.ones(1)}
    model = BeatsTokenizer.from_pretrained(attempt(tmp_path, container))
    assert (model.config.codebook_size, model.config.codebook_dim) == (20, 12)
    assert torch.equal(model.quantiser.codebook, state["quantize.embedding.weight"])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda file: file.pop("cfg"), "no configuration"),
        (lambda file: file["cfg"].pop("max_distance"), "lacks max_distance"),
        (lambda file: file["cfg"].update(layer_norm_first=True), "layer_norm_first"),
        (lambda file: file["model"].update({COPY: file["model"][COPY] + 1}), "is not the table of layer 0"),
        (lambda file: file["model"].pop("layer_norm.bias"), "1 missing: layer_norm.bias"),
        (lambda file: file["model"].update(extra=torch.zeros(1)), "1 unknown: extra"),
        (lambda file: file["model"].update({"predictor.weight": torch.zeros(3, 32)}), "1 missing: classifier"),
        (lambda file: file["cfg"].update(encoder_layers=3), "missing"),
    ],
)
def test_what_is_refused(tmp_path, container, change, message):
    change(container)
    with pytest.raises(ConversionError, match=message):
        attempt(tmp_path, container)
    assert {path.name for path in tmp_path.iterdir()} == {"BEATs.pt"}, "something was written"


def test_labels_that_do_not_name_every_class(tmp_path):
    container = published(BeatsForAudioClassification, num_labels=3)
    container["label_dict"] = {0: "a", 2: "c"}
    with pytest.raises(ConversionError, match="label_dict"):
        attempt(tmp_path, container)
