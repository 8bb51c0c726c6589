"""From one of transformers' own audio models and its feature extractor to this package's pair."""

from __future__ import annotations

from collections.abc import Mapping
from os import PathLike
from pathlib import Path
from typing import Any

import torch
from transformers import AutoConfig, AutoFeatureExtractor
from transformers.feature_extraction_utils import FeatureExtractionMixin
from transformers.initialization import no_init_weights

from ...audio import WindowPolicy
from ...errors import ConfigurationError
from ...features import WindowedFeatureExtractor
from ...features.hear import HearFeatureExtractor
from ...features.native import NativeFeatureExtractor
from ..reachable import check_reachable
from .configuration_adapter import AudioAdapterConfig
from .modeling_adapter import AudioAdapterModel
from .natives import NATIVES, Native, native_of
from .presets import presets

# transformers has none for it.
_OWN_EXTRACTORS: dict[str, type[HearFeatureExtractor]] = {"vit": HearFeatureExtractor}


def adapt(
    model: Any,
    extractor: FeatureExtractionMixin | WindowedFeatureExtractor | None = None,
    *,
    layers: list[int] | None = None,
    pooling: str = "native",
    windows: WindowPolicy | Mapping[str, Any] | None = None,
    real_frames: bool = False,
    rate_factor: float = 1.0,
) -> tuple[AudioAdapterModel, WindowedFeatureExtractor]:
    """Put one of transformers' own audio encoders behind this package's interface.

    Args:
        model: a preset of `presets.yaml`, which settles all else, a Hub id, a folder, or a model that is or holds the
            encoder (which is then shared, not copied): AST, CLAP, Whisper, Wav2Vec2, HuBERT, WavLM, Qwen2.5-Omni's
            audio encoder, HeAR.
        extractor: its feature extractor; read from the model's folder, and built in for HeAR. An extractor of this
            package is taken as it is.
        layers: hidden states whose average replaces the published output, see `AudioAdapterConfig`.
        pooling: `native`, `mean`, `mean_std` or `cls`, see `AudioAdapterConfig`.
        windows: how recordings are cut; the encoder's own window by default.
        real_frames: Whisper sees no padding behind a recording shorter than its 30 s; its positions are cut. It was not
            published so: there is no published protocol then.
        rate_factor: recordings are read that much faster, see `WindowedFeatureExtractor`.

    Returns:
        The adapted model and its feature extractor. Saved into one folder, `AutoModel` and `AutoFeatureExtractor`
        load them again.

    Raises:
        ConfigurationError: not an encoder the adapter knows, a checkpoint that lacks weights of the encoder, or
            settings that the encoder does not have.

    Example:
        >>> from transformers import ASTConfig, ASTFeatureExtractor, ASTModel
        >>> ast = ASTModel(ASTConfig(hidden_size=12, num_attention_heads=2, num_hidden_layers=8))
        >>> first_six, fe = adapt(ast, ASTFeatureExtractor(), layers=[6])
        >>> fe.windows.seconds, first_six.config.pooled_size
        (10.24, 12)
    """
    named = isinstance(model, (str, PathLike))
    if named and (preset := presets().get(str(model))) is not None and not Path(model).exists():
        if (layers, pooling, windows, real_frames, rate_factor) != (None, "native", None, False, 1.0):
            raise ConfigurationError(
                f"{model!r} is a preset, which settles how the encoder is read",
                remedy=f"give {preset.model!r} with settings of your own",
            )
        return adapt(preset.model, extractor, **preset.settings())
    if named:
        check_reachable(str(model))
    encoder = _load(str(model)) if named else _find(model)
    native = native_of(encoder.config)
    try:
        config = AudioAdapterConfig(encoder_config=encoder.config, layers=layers, pooling=pooling)  # type: ignore[arg-type]
    except ValueError as error:  # the configuration's own words; it must not import this package
        raise ConfigurationError(str(error), where=native.name) from error
    found = extractor or _extractor(str(model) if named else model.config._name_or_path, encoder.config)
    if not isinstance(found, WindowedFeatureExtractor):
        try:
            policy = windows or native.window(found)
        except AttributeError as error:
            raise ConfigurationError(
                f"{type(found).__name__} is no feature extractor of {native.name}", remedy="pass the model's own"
            ) from error
        as_published = native.published is not None and real_frames <= native.real_frames
        found = NativeFeatureExtractor(
            found,
            _policy(policy),
            _policy(native.published or {}) if as_published else None,
            real_frames=real_frames or native.real_frames,
            rate_factor=rate_factor,
        )
    elif windows is not None or real_frames or rate_factor != 1:
        raise ConfigurationError(
            "this feature extractor has a window policy of its own",
            remedy="leave out windows, real_frames and rate_factor, or set them there",
        )
    # Built without weights: the encoder that is there takes the empty one's place.
    with no_init_weights(), torch.device("meta"):
        adapted = AudioAdapterModel(config)
    adapted.native = encoder
    adapted._feature_extractor = found  # type: ignore[assignment] # saved with it, see models.companions
    return adapted.train(encoder.training), found


def _policy(settings: WindowPolicy | Mapping[str, Any]) -> WindowPolicy:
    return settings if isinstance(settings, WindowPolicy) else WindowPolicy.from_dict(settings)


def _extractor(name: str, config: Any) -> Any:
    if config.model_type in _OWN_EXTRACTORS:
        return _OWN_EXTRACTORS[config.model_type]()
    if not name:
        raise ConfigurationError(
            "the model does not say where its feature extractor is", remedy="pass the extractor beside the model"
        )
    return AutoFeatureExtractor.from_pretrained(name)


def _unknown(model_type: str) -> ConfigurationError:
    known = sorted({*NATIVES, *(name for native in NATIVES.values() for name in native.inside)})
    return ConfigurationError(
        f"{model_type!r} is no audio model the adapter knows", remedy=f"use one of {', '.join(known)}"
    )


def _find(model: Any) -> Any:
    """Return the encoder inside a model."""
    classes = tuple(native.encoder_class for native in NATIVES.values())
    for module in model.modules():
        if isinstance(module, classes):
            return _accepted(module)
    raise _unknown(model.config.model_type)


def _load(name: str) -> Any:
    """Load the encoder, and nothing else, of a checkpoint."""
    config = AutoConfig.from_pretrained(name)
    for model_type, native in NATIVES.items():
        path, prefix = native.inside.get(config.model_type, ("", None))
        if prefix is None and config.model_type != model_type:
            continue
        for attribute in filter(None, path.split(".")):
            config = getattr(config, attribute)
        settings: dict[str, Any] = {"config": config, "output_loading_info": True}
        if prefix is not None:
            settings["key_mapping"] = {prefix: ""}
        encoder, info = native.encoder_class.from_pretrained(name, **settings)
        _check_weights(info, native, name)
        return _accepted(encoder)
    raise _unknown(config.model_type)


def _accepted(encoder: Any) -> Any:
    try:
        native_of(encoder.config)
    except ValueError as error:
        raise ConfigurationError(str(error), remedy="see hf_auscult.adapt for the encoders there are") from error
    return encoder


def _check_weights(info: Mapping[str, Any], native: Native, name: str) -> None:
    """Refuse a checkpoint that leaves weights of the encoder at random values."""
    missing = sorted(key for key in info["missing_keys"] if not key.endswith(native.optional or ("\0",)))
    wrong = sorted(str(key) for key in info["mismatched_keys"])
    if missing or wrong:
        raise ConfigurationError(
            f"the checkpoint does not fill {native.name}: missing {missing[:5]}, of another shape {wrong[:5]}",
            where=name,
            remedy="use a checkpoint of the whole encoder",
        )


__all__ = ["adapt"]
