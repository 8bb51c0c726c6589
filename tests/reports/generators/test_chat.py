"""Local chat models, tiny and random but loaded, prompted and batched as real ones are."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast, Qwen2Config, Qwen2ForCausalLM

from hf_auscult.data.facts import Fact
from hf_auscult.errors import ConfigurationError, GenerationError
from hf_auscult.reports.generators import ChatConfig, ChatGenerator, Request, TextCache, Written, system_prompt

CHATML = (
    "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{{ m['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
NO_SYSTEM = "{% if messages[0]['role'] == 'system' %}{{ raise_exception('no system role') }}{% endif %}" + CHATML
FORGETFUL = "<|im_start|>assistant\n"
TEXT = "A murmur is heard."
SIZES = {
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 2048,
    "initializer_range": 0.3,  # enough for the prompt to matter
}


def tokenizer(template: str | None) -> PreTrainedTokenizerFast:
    found = Tokenizer(models.BPE())
    found.pre_tokenizer, found.decoder = pre_tokenizers.ByteLevel(add_prefix_space=False), decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=600, special_tokens=["<|im_start|>", "<|im_end|>"], initial_alphabet=alphabet, show_progress=False
    )
    found.train_from_iterator([system_prompt("heart").text, TEXT], trainer)
    whole = PreTrainedTokenizerFast(tokenizer_object=found, eos_token="<|im_end|>")
    whole.chat_template = template
    return whole


def save(folder: Path, family: str, template: str | None = CHATML, learn: str | None = None) -> Path:
    """A chat model with random weights; with ``learn`` it has learnt to answer that, whatever it is asked."""
    torch.manual_seed(0)
    words = tokenizer(template)
    # Qwen's tokenizer class adds a few tokens of its own.
    shapes = {**SIZES, "vocab_size": len(words) + 8, "eos_token_id": words.eos_token_id, "bos_token_id": None}
    if learn is not None:
        shapes["initializer_range"] = 0.02
    build = {"llama": (LlamaConfig, LlamaForCausalLM), "qwen2": (Qwen2Config, Qwen2ForCausalLM)}[family]
    model = build[1](build[0](**shapes))
    if learn is not None:
        chats = [[{"role": "system", "content": "s" * n}, {"role": "user", "content": "u" * n}] for n in (1, 5, 20, 40)]
        answer = words(f"{learn}<|im_end|>", add_special_tokens=False)["input_ids"]
        optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2)
        for step in range(100):
            prompt = words.apply_chat_template(chats[step % 4], add_generation_prompt=True, return_dict=True)
            ids = torch.tensor([[*prompt["input_ids"], *answer]])
            labels = ids.clone()
            labels[:, : -len(answer)] = -100
            loss = model(input_ids=ids, labels=labels).loss
            loss.backward()
            optimizer.step()
            optimizer.zero_grad()
            if loss < 1e-3:
                break
    model.save_pretrained(folder)
    words.save_pretrained(folder)
    return folder


@pytest.fixture(scope="module", params=["llama", "qwen2"])
def random_model(request, tmp_path_factory) -> Path:
    return save(tmp_path_factory.mktemp(request.param), request.param)


@pytest.fixture(scope="module")
def taught(tmp_path_factory) -> Path:
    return save(tmp_path_factory.mktemp("taught"), "llama", learn=TEXT)


def requests(number: int) -> list[Request]:
    facts = [Fact("age", str(i), "age") for i in range(number)]
    return [Request(f"r{i}", tuple(facts[: i + 1])) for i in range(number)]


def generator(model: Path, folder: Path, **settings) -> ChatGenerator:
    values = {"device": "cpu", "max_new_tokens": 12, **settings}
    return ChatGenerator(ChatConfig(str(model), **values), TextCache(folder))


def test_a_batch_writes_what_each_request_gets_alone(random_model, tmp_path):
    """Left padding and its mask: a short prompt beside a long one is answered as if it were alone."""
    wanted = requests(5)
    together = dict(generator(random_model, tmp_path, batch_size=5).write(wanted))
    alone = dict(generator(random_model, tmp_path, batch_size=1).write(wanted))
    assert together == alone
    assert {one.reason for one in together.values()} == {"truncated"}  # random weights do not come to an end
    assert len({one.detail for one in together.values()}) > 1


def test_texts_are_written_once(taught, tmp_path):
    wanted = [*requests(3), *requests(3)]
    found = generator(taught, tmp_path, batch_size=2)
    assert dict(found.write(wanted)) == dict.fromkeys(range(6), Written(TEXT))
    assert len(list(tmp_path.rglob("*.json"))) == 3
    later = generator(taught, tmp_path)
    assert dict(later.write(wanted)) == dict.fromkeys(range(6), Written(TEXT))
    assert later._loaded is None  # no model for what is known


def test_settings_and_weights_are_part_of_the_key(taught, tmp_path):
    settings = [
        generator(taught, tmp_path).settings(),
        generator(taught, tmp_path, max_new_tokens=13).settings(),
        generator(taught, tmp_path, temperature=1.0).settings(),
        ChatGenerator(ChatConfig("org/name"), TextCache(tmp_path)).settings(),
    ]
    assert len({str(sorted(one.items(), key=str)) for one in settings}) == 4
    assert generator(taught, tmp_path, batch_size=1).settings() == settings[0]


def test_drawn_texts_are_repeatable_and_leave_the_global_generator_alone(random_model, tmp_path):
    state = torch.get_rng_state()
    texts = [
        dict(generator(random_model, tmp_path / "c", temperature=1.0).write([request]))[0]
        for request in (*requests(1), *requests(1), Request("r0", requests(1)[0].facts, draw=1))
    ]
    assert texts[0] == texts[1] != texts[2]
    assert torch.equal(torch.get_rng_state(), state)


def test_a_template_without_a_system_role_gets_the_prompt_all_the_same(tmp_path):
    model = save(tmp_path / "m", "qwen2", NO_SYSTEM)
    found = generator(model, tmp_path / "c")
    _, words = found._load()
    prompt = found._prompt(words, requests(1)[0])
    assert prompt.startswith("<|im_start|>user\nYou are a cardiologist")
    assert "age: 1 week" in prompt and prompt.endswith("<|im_start|>assistant\n")
    assert len(dict(found.write(requests(2)))) == 2


@pytest.mark.parametrize(("template", "problem"), [(None, "no chat template"), (FORGETFUL, "leaves out")])
def test_a_model_that_is_not_for_chat_is_refused(tmp_path, template, problem):
    model = save(tmp_path / "m", "llama", template)
    with pytest.raises(GenerationError, match=problem):
        list(generator(model, tmp_path / "c").write(requests(1)))


def test_no_model_there(tmp_path):
    (tmp_path / "m").mkdir()
    with pytest.raises(GenerationError, match="cannot be loaded"):
        list(generator(tmp_path / "m", tmp_path / "c").write(requests(1)))


def test_a_request_without_facts_needs_no_model(tmp_path):
    found = dict(ChatGenerator(ChatConfig("org/none"), TextCache(tmp_path)).write([Request("r", ())]))
    assert found[0].reason == "no_facts"


@pytest.mark.parametrize("wrong", [{"batch_size": 0}, {"max_new_tokens": 0}, {"temperature": -1.0}], ids=str)
def test_bad_settings(wrong):
    with pytest.raises(ConfigurationError):
        ChatConfig("org/name", **wrong)
