"""Registers this package's classes with transformers' Auto classes without importing their modelling code.

transformers keeps registered classes in a mapping from configuration class to class object. Importing every modelling
file just to fill it would cost seconds, so a mapping that imports on first look-up takes its place.
"""

from __future__ import annotations

import importlib.util
import sys
from importlib.abc import MetaPathFinder
from typing import Any

from transformers.models.auto import configuration_auto, feature_extraction_auto, modeling_auto

from ..codegen.registry import HOOKS, REGISTRY, Entry, load
from ..errors import ConfigurationError

MODELS, FEATURES = "hf_auscult.models", "hf_auscult.features"
PROCESSORS = "transformers.models.auto.processing_auto"
EXTRACTORS = "transformers.models.auto.feature_extraction_auto:AutoFeatureExtractor"


def _entry(model_type: str, home: str, name: str, *, pretraining: bool = False, **more: str) -> Entry:
    """Return the entry of a model type whose files are `models/<home>` and whose classes start with `name`."""
    folder, stem = home.split("/")
    modeling = f"{MODELS}.{folder}.modeling_{stem}:{name}"
    return Entry(
        model_type,
        f"{MODELS}.{folder}.configuration_{stem}:{name}Config",
        f"{modeling}Model",
        f"{modeling}ForPreTraining" if pretraining else None,
        f"{modeling}ForAudioClassification",
        **more,
    )


ENTRIES = (
    _entry("opera-ct", "opera/opera_ct", "OperaCT", pretraining=True),
    _entry("opera-ce", "opera/opera_ce", "OperaCE", pretraining=True),
    _entry("opera-gt", "opera/opera_gt", "OperaGT", pretraining=True),
    _entry("audiomae", "audiomae/audiomae", "AudioMAE", pretraining=True),
    _entry("beats", "beats/beats", "Beats", pretraining=True),
    _entry("auscultabase", "auscultabase/auscultabase", "AuscultaBase", pretraining=True),
    _entry("panns", "panns/panns", "Panns"),
    _entry("vggish", "vggish/vggish", "VGGish"),
    _entry("msclap", "msclap/msclap", "MSClap"),
    _entry(
        "auscult-adapter",
        "adapter/adapter",
        "AudioAdapter",
        feature_extractor=f"{FEATURES}.native:NativeFeatureExtractor",
    ),
    _entry(
        "opensmile",
        "opensmile/opensmile",
        "OpenSmile",
        feature_extractor=f"{FEATURES}.feature_extraction_opensmile:OpenSmileFeatureExtractor",
    ),
    _entry("acula", "acula/acula", "AcuLa", processor=f"{MODELS}.acula.processing_acula:AcuLaProcessor"),
)


def register_encoder(
    config: type | str,
    model: type | str,
    *,
    pretraining: type | str | None = None,
    classification: type | str | None = None,
    feature_extractor: type | str = Entry.feature_extractor,
    processor: type | str | None = None,
) -> None:
    """Make an encoder of your own one of this package's: one call, from anywhere.

    From then on transformers' Auto classes load it, `hf_auscult.embed` and the benchmarks take it, AcuLa can be built
    around it, and its saved folders carry its code, with what it imports from its own package and from this one.

    Args:
        config: configuration class, a subclass of `AuscultConfig` with a `model_type` of its own; like the other
            classes itself, or as `"module:Class"`, which is then imported on first use.
        model: base model, a subclass of `AuscultPreTrainedModel` that returns `last_hidden_state` and `pooler_output`.
        pretraining, classification: its further classes.
        feature_extractor: of recordings, `AuscultFeatureExtractor` by default.
        processor: of recordings and text, where the model reads both.

    Raises:
        ConfigurationError: the model type is another class's already.

    Example:
        `hf_auscult.register_encoder("my_lab.configuration_toy:ToyConfig", "my_lab.modeling_toy:ToyModel")`
    """
    cls: Any = load(config) if isinstance(config, str) else config
    entry = Entry(
        model_type=cls.model_type,
        config=_name(cls),
        model=_name(model),
        pretraining=None if pretraining is None else _name(pretraining),
        classification=None if classification is None else _name(classification),
        feature_extractor=_name(feature_extractor),
        processor=None if processor is None else _name(processor),
    )
    _register(entry, cls)


def register() -> None:
    """Make transformers' Auto classes know this package's classes."""
    for entry in ENTRIES:
        _register(entry, load(entry.config))
    HOOKS["push"] = "hf_auscult.hub.plain_push:push"


def _name(cls: type | str) -> str:
    return cls if isinstance(cls, str) else f"{cls.__module__}:{cls.__name__}"


class _LazyContent(dict[Any, Any]):
    """A dict whose string values starting with `lazy:` are replaced by the class they name when looked at."""

    def __getitem__(self, key: Any) -> Any:
        value = super().__getitem__(key)
        if isinstance(value, str) and value.startswith("lazy:"):
            value = load(value.removeprefix("lazy:"))
            self[key] = value
        return value

    def get(self, key: Any, default: Any = None) -> Any:
        return self[key] if key in self else default  # noqa: SIM401 - this is what get means here

    def values(self) -> Any:
        return {key: self[key] for key in self}.values()

    def items(self) -> Any:
        return {key: self[key] for key in self}.items()


class _AfterImport(MetaPathFinder):
    """Registers processors when transformers' `processing_auto`, which costs seconds, is imported anyway."""

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        if name != PROCESSORS:
            return None
        sys.meta_path.remove(self)
        spec: Any = importlib.util.find_spec(name)
        run = spec.loader.exec_module

        def exec_module(module: Any) -> None:
            run(module)
            _register_processors(module)

        spec.loader.exec_module = exec_module
        return spec


def _register(entry: Entry, config: type) -> None:
    if entry.model_type in configuration_auto.CONFIG_MAPPING and REGISTRY.get(entry.model_type) != entry:
        raise ConfigurationError(
            f"model type {entry.model_type!r} is taken", where=entry.config, remedy="give the configuration another one"
        )
    configuration_auto.AutoConfig.register(entry.model_type, config, exist_ok=True)
    REGISTRY[entry.model_type] = entry
    for mapping, target in (
        (modeling_auto.MODEL_MAPPING, entry.model),
        (modeling_auto.MODEL_FOR_PRETRAINING_MAPPING, entry.pretraining),
        (modeling_auto.MODEL_FOR_AUDIO_CLASSIFICATION_MAPPING, entry.classification),
        (feature_extraction_auto.FEATURE_EXTRACTOR_MAPPING, entry.feature_extractor),
    ):
        _register_lazily(mapping, config, target)
    if PROCESSORS in sys.modules:
        _register_processors(sys.modules[PROCESSORS])
    elif not any(isinstance(finder, _AfterImport) for finder in sys.meta_path):
        sys.meta_path.insert(0, _AfterImport())


def _register_processors(module: Any) -> None:
    # The processor of an encoder is its extractor. Unregistered, transformers would try an image processor first, and
    # ask whether to trust its code.
    for entry in REGISTRY.values():
        _register_lazily(module.PROCESSOR_MAPPING, load(entry.config), entry.processor or EXTRACTORS)


def _register_lazily(mapping: Any, config: type, target: str | None) -> None:
    if target is None:
        return
    if not isinstance(mapping._extra_content, _LazyContent):
        mapping._extra_content = _LazyContent(mapping._extra_content)
    mapping._extra_content[config] = f"lazy:{target}"


__all__ = ["ENTRIES", "register", "register_encoder"]
