"""Registers this package's classes with transformers' Auto classes without importing their modelling code.

transformers keeps registered classes in a mapping from configuration class to class object. Importing every modelling
file just to fill it would cost seconds, so a mapping that imports on first look-up takes its place.
"""

from __future__ import annotations

from functools import wraps
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

from transformers.models.auto import configuration_auto, feature_extraction_auto, modeling_auto


class Entry(NamedTuple):
    """Where the classes of one model type live, as `module:name` below `hf_auscult`."""

    model_type: str
    config: str
    model: str
    pretraining: str | None = None
    classification: str | None = None
    feature_extractor: str = "features.feature_extraction_auscult:AuscultFeatureExtractor"


def _entry(model_type: str, home: str, name: str, *, pretraining: bool = False, **more: str) -> Entry:
    """Return the entry of a model type whose files are `models/<home>` and whose classes start with `name`."""
    folder, stem = home.split("/")
    modeling = f"models.{folder}.modeling_{stem}:{name}"
    return Entry(
        model_type,
        f"models.{folder}.configuration_{stem}:{name}Config",
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
    _entry("auscultabase", "auscultabase/auscultabase", "AuscultaBase", pretraining=True),
    _entry("panns", "panns/panns", "Panns"),
    _entry("vggish", "vggish/vggish", "VGGish"),
    _entry("msclap", "msclap/msclap", "MSClap"),
    _entry(
        "auscult-adapter", "adapter/adapter", "AudioAdapter", feature_extractor="features.native:NativeFeatureExtractor"
    ),
    _entry(
        "opensmile",
        "opensmile/opensmile",
        "OpenSmile",
        feature_extractor="features.feature_extraction_opensmile:OpenSmileFeatureExtractor",
    ),
    _entry("acula", "acula/acula", "AcuLa"),
)


def load(target: str) -> Any:
    """Import `module:name` below `hf_auscult`."""
    module, name = target.split(":")
    return getattr(import_module(f"hf_auscult.{module}"), name)


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


def _register_lazily(mapping: Any, config: type, target: str) -> None:
    if not isinstance(mapping._extra_content, _LazyContent):
        mapping._extra_content = _LazyContent(mapping._extra_content)
    mapping._extra_content[config] = f"lazy:{target}"


def _carry_code(config: Any) -> None:
    """Have configurations that name code (`auto_map`) write that code where they are saved.

    So `OperaGTModel.register_for_auto_class("AutoModel")` is all that `save_pretrained` and `push_to_hub` need, and a
    model from a folder that carries its code is saved with it. The families' own files know nothing of this: they
    stand alone.
    """
    if "_saves_code" in vars(config):
        return
    plain = config.to_json_file

    @wraps(plain)
    def to_json_file(self: Any, json_file_path: Any, use_diff: bool = True) -> None:
        if type(self) is config and getattr(self, "auto_map", None):
            from ..codegen.custom_code import write_model_code

            self.auto_map = {**write_model_code(self, Path(json_file_path).parent), **self.auto_map}
        plain(self, json_file_path, use_diff)

    config.to_json_file, config._saves_code = to_json_file, True


def register() -> None:
    """Make transformers' Auto classes know ours."""
    for entry in ENTRIES:
        config = load(entry.config)
        _carry_code(config)
        configuration_auto.AutoConfig.register(entry.model_type, config, exist_ok=True)
        for mapping, target in (
            (modeling_auto.MODEL_MAPPING, entry.model),
            (modeling_auto.MODEL_FOR_PRETRAINING_MAPPING, entry.pretraining),
            (modeling_auto.MODEL_FOR_AUDIO_CLASSIFICATION_MAPPING, entry.classification),
            (feature_extraction_auto.FEATURE_EXTRACTOR_MAPPING, entry.feature_extractor),
        ):
            if target:
                _register_lazily(mapping, config, target)
