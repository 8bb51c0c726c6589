"""What a model needs beside its weights: the extractor (and processor) that a saved or pushed folder must hold."""

from __future__ import annotations

import logging
from importlib import import_module
from pathlib import Path
from typing import Any

from transformers import AutoFeatureExtractor

from ..audio import WindowPolicy
from ..codegen.registry import REGISTRY, load
from ..features import AuscultFeatureExtractor, OpenSmileFeatureExtractor
from ..files import open_to_others
from .acula.teacher_acula import teacher_tokenizer
from .convert_checkpoint import FAMILIES

logger = logging.getLogger(__name__)


def write_companions(model: Any, folder: str | Path) -> None:
    """Write the extractor of a model into the folder that it was saved to, unless one is there.

    It is the one of the folder or Hub id that the model, or the encoder inside it, came from; otherwise its family's
    published one, where the model reads as many bands. Of a model that reads text too, the processor is written.

    Args:
        model: of this package.
        folder: holds its config.json.
    """
    open_to_others(folder, "*.safetensors")
    if (Path(folder) / "preprocessor_config.json").exists():
        return
    companion = companion_of(model)
    if companion is None:
        logger.warning(
            "%s: no feature extractor is known for this %s, save yours into the folder too",
            folder,
            model.config.model_type,
        )
    else:
        companion.save_pretrained(folder)


def companion_of(model: Any) -> Any | None:
    """Return the processor or extractor that belongs to a model, None where nobody knows."""
    config = model.config
    aligned = config.model_type == "acula"
    inner = config.audio_config if aligned else config
    extractor = getattr(model, "_feature_extractor", None)
    names = list(filter(None, (config._name_or_path, inner._name_or_path)))
    for name in names:
        extractor = extractor or _extractor(name)
    if not names and extractor is None:  # what came from elsewhere may read with another front end than the paper's
        extractor = _published(inner, getattr(model, "audio_encoder", model.base_model))
    if not (aligned and config.teacher and extractor):
        return extractor
    try:
        tokenizer = teacher_tokenizer(config.teacher, config.teacher_revision, local_files_only=True)
    except (OSError, ValueError):  # the teacher is not here: whoever reads text will fetch it anyway
        return extractor
    return load(REGISTRY["acula"].processor or "")(extractor, tokenizer)


def _extractor(name: str) -> Any | None:
    """Return the extractor of a folder or Hub id; the local cache is asked first."""
    for settings in ({"local_files_only": True}, {}):
        try:
            return AutoFeatureExtractor.from_pretrained(name, **settings)
        except (OSError, ValueError):  # not here, moved away, or saved without one
            continue
    return None


def _published(config: Any, encoder: Any) -> Any | None:
    """Return the extractor of a family's paper, where the configuration reads as many bands; windows as it reads."""
    if config.model_type == "opensmile":
        return OpenSmileFeatureExtractor(config.feature_set)
    names = [name for name in FAMILIES if name == config.model_type or name.startswith(f"{config.model_type}-")]
    names = [name for name in names if name.endswith(str(getattr(config, "version", "")))]
    if not names:
        return None
    extractor = import_module(FAMILIES[names[0]]).CONVERSIONS[names[0]].feature_extractor()
    if getattr(config, "num_mel_bins", extractor.feature_size) != extractor.feature_size:
        return None
    front_end, longest = extractor.front_end, getattr(encoder, "window_frames", None)
    published = extractor.windows.length(extractor.sampling_rate)
    if longest is not None and (published is None or published > front_end.samples(longest)):
        return AuscultFeatureExtractor(front_end, WindowPolicy("sliding", samples=front_end.samples(longest)))
    return extractor


__all__ = ["companion_of", "write_companions"]
