"""Tiny random language models of the paper's architectures, each a folder with a real tokenizer of its kind."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import torch
import transformers as hf
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers

CORPUS = [
    "A holosystolic murmur is heard at the apex, grade III of VI.",
    "No murmur is heard. Breathing is vesicular on both sides.",
    "Fine inspiratory crackles at the left base and an expiratory wheeze over the right lung of a man of 63 years.",
    "A dry cough; the young woman reports fever and no other symptoms.",
] * 4
SIZES = {
    "vocab_size": 340,  # AutoTokenizer gives Qwen's its own special tokens
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 4,
    "num_attention_heads": 2,
    "max_position_embeddings": 160,
}
ROTARY = {**SIZES, "num_key_value_heads": 1}
GEMMA = {**ROTARY, "head_dim": 16, "sliding_window": 8, "layer_types": ["sliding_attention", "full_attention"] * 2}
TOKENS = {"pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2}


def byte_tokenizer() -> hf.PreTrainedTokenizerFast:
    """Byte-level BPE with a start token, as Llama, Qwen and Gemma have."""
    bare = Tokenizer(models.BPE())
    bare.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    bare.decoder = decoders.ByteLevel()
    special = ["<pad>", "<bos>", "<eos>"]
    trainer = trainers.BpeTrainer(
        vocab_size=320,
        special_tokens=special,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    bare.train_from_iterator(CORPUS, trainer)
    bare.post_processor = processors.TemplateProcessing(single="<bos> $A", special_tokens=[("<bos>", 1)])
    # Llama's has no padding token of its own.
    return hf.PreTrainedTokenizerFast(tokenizer_object=bare, bos_token="<bos>", eos_token="<eos>")


def word_tokenizer() -> hf.PreTrainedTokenizerFast:
    """WordPiece with class and separator tokens, as BERT has."""
    bare = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    bare.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    trainer = trainers.WordPieceTrainer(
        vocab_size=320, special_tokens=["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"], show_progress=False
    )
    bare.train_from_iterator(CORPUS, trainer)
    bare.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    return hf.PreTrainedTokenizerFast(
        tokenizer_object=bare, pad_token="[PAD]", unk_token="[UNK]", cls_token="[CLS]", sep_token="[SEP]"
    )


def gemma_with_vision() -> hf.PreTrainedModel:
    """What MedGemma-4B is: a vision tower and a Gemma-3 under one roof."""
    vision = {
        "hidden_size": 16,
        "intermediate_size": 16,
        "num_hidden_layers": 1,
        "num_attention_heads": 1,
        "image_size": 28,
        "patch_size": 14,
    }
    return hf.Gemma3ForConditionalGeneration(
        hf.Gemma3Config(text_config={**GEMMA, **TOKENS}, vision_config=vision, mm_tokens_per_image=4)
    )


# name -> kind, model, tokenizer
TEACHERS: dict[str, tuple[str, Callable[[], hf.PreTrainedModel], Callable[[], hf.PreTrainedTokenizerFast]]] = {
    "gemma3_text": ("causal", lambda: hf.Gemma3ForCausalLM(hf.Gemma3TextConfig(**GEMMA, **TOKENS)), byte_tokenizer),
    "gemma3_vision": ("image_text", gemma_with_vision, byte_tokenizer),
    "llama": ("causal", lambda: hf.LlamaForCausalLM(hf.LlamaConfig(**ROTARY, **TOKENS)), byte_tokenizer),
    "qwen2": ("causal", lambda: hf.Qwen2ForCausalLM(hf.Qwen2Config(**ROTARY, **TOKENS)), byte_tokenizer),
    "helium": (
        "causal",
        lambda: hf.HeliumForCausalLM(hf.HeliumConfig(**ROTARY, head_dim=16, **TOKENS)),
        byte_tokenizer,
    ),
    "bert": ("encoder", lambda: hf.BertModel(hf.BertConfig(**SIZES)), word_tokenizer),
    "t5": (
        "encoder",
        lambda: hf.T5ForConditionalGeneration(
            hf.T5Config(
                vocab_size=340, d_model=32, d_kv=16, d_ff=48, num_layers=4, num_heads=2, decoder_start_token_id=0
            )
        ),
        byte_tokenizer,
    ),
}


def save(name: str, folder: Path) -> hf.PreTrainedModel:
    """Write a teacher as `save_pretrained` does; return the whole model."""
    _, model, tokenizer = TEACHERS[name]
    torch.manual_seed(0)
    built = model().eval()
    built.save_pretrained(folder)
    tokenizer().save_pretrained(folder)
    return built
