"""Which classes each model type has. Names only: nothing is imported until a class is used.

`hub.registration` fills the table; the code generator and transformers' Auto classes read it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from typing import Any

#: Auto class -> the field of `Entry` that names the class it loads.
AUTO_CLASSES = {
    "AutoConfig": "config",
    "AutoModel": "model",
    "AutoModelForPreTraining": "pretraining",
    "AutoModelForAudioClassification": "classification",
    "AutoProcessor": "processor",
}


@dataclass(frozen=True)
class Entry:
    """Where the classes of one model type live, each as `module:Class`.

    Args:
        model_type: of the configuration.
        config, model: configuration and base model.
        pretraining, classification: models with a pre-training objective or a classification head, where there are any.
        feature_extractor: of the recordings.
        processor: of recordings and text, where the model reads both.
    """

    model_type: str
    config: str
    model: str
    pretraining: str | None = None
    classification: str | None = None
    feature_extractor: str = "hf_auscult.features.feature_extraction_auscult:AuscultFeatureExtractor"
    processor: str | None = None

    def targets(self) -> Iterator[tuple[str, str]]:
        """Yield (Auto class, `module:Class`) of the classes this type has."""
        for auto, field in AUTO_CLASSES.items():
            if target := getattr(self, field):
                yield auto, target


#: By model type.
REGISTRY: dict[str, Entry] = {}

#: What a package further up does for models -> `module:function`.
HOOKS: dict[str, str] = {}


def load(target: str) -> Any:
    """Import `module:Class`."""
    module, name = target.split(":")
    return getattr(import_module(module), name)


__all__ = ["AUTO_CLASSES", "HOOKS", "REGISTRY", "Entry", "load"]
