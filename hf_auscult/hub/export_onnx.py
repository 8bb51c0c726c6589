"""Encoders as ONNX files: exported, compared with torch, and where asked quantised to int8 with the loss measured."""

from __future__ import annotations

import copy
import importlib.metadata
import importlib.util
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
import torch
from transformers import AutoFeatureExtractor, AutoModel, PreTrainedModel

from ..embedding.onnx_files import INPUT, LIBRARIES, OUTPUTS, OnnxEncoder, open_session, run, seconds, write
from ..errors import ConfigurationError, ConversionError
from ..features import WindowedFeatureExtractor
from ..files import Serialisable, check_folder, new_folder, write_json
from ..models.reachable import check_reachable
from .quantise_onnx import Int8Report, quantise

TOLERANCE = 1e-4  # of an output's largest value: room for float32 operations in another order, none for a mistake
WINDOWS = 8  # that every figure is measured on


@dataclass(frozen=True)
class OnnxReport(Serialisable):
    """What was exported and how far it is from torch.

    Args:
        output: the folder.
        model_type: of the encoder.
        opset: of the file.
        exporter: `torch.export`, or `trace` for a file of one window, see `onnx_files.write`.
        inputs, outputs: name -> shape; `batch` may be any number of windows.
        max_abs_error: largest distance to torch over both outputs and batches of one and several windows.
        relative_error: the same over the largest value of its output; `None` without the check.
        seconds_per_window: of onnxruntime on this machine's CPU; `None` without the check.
        int8: where it was asked for.
        versions: of the libraries.
    """

    output: str
    model_type: str
    opset: int
    exporter: str
    inputs: dict[str, list[str | int]]
    outputs: dict[str, list[str | int]]
    max_abs_error: float | None
    relative_error: float | None
    seconds_per_window: float | None
    int8: Int8Report | None
    versions: dict[str, str]


def export(
    model: PreTrainedModel | str | PathLike[str],
    output: str | PathLike[str],
    *,
    opset: int = 18,
    frames: int | None = None,
    int8: bool = False,
    check: bool = True,
    feature_extractor: WindowedFeatureExtractor | None = None,
) -> OnnxReport:
    """Write an encoder as `model.onnx`, with its extractor's settings and what was measured beside it.

    The file maps `input_features` (batch, frames, …) to `pooler_output` and `last_hidden_state`; the batch is free
    wherever torch can export that, the number of frames is that of the extractor's default window. Of an AcuLa model
    its audio encoder is exported.

    Args:
        model: a model, a folder or a Hub id.
        output: folder to make; must not hold anything yet.
        opset: of the ONNX file.
        frames: another number of frames (samples, for encoders of waveforms).
        int8: also write `model_int8.onnx`, its linear layers quantised dynamically.
        check: compare with torch on windows of synthetic sounds, alone and together.
        feature_extractor: needed where a model object does not know the folder it came from.

    Returns:
        What `onnx_config.json` also holds.

    Raises:
        ConfigurationError: the extra `onnx` is not installed, an encoder without weights, a wrong number of frames.
        ConversionError: an encoder that cannot be exported, or a file that is further than 1e-4 of the largest value
            from torch. Nothing is written then.

    Example:
        `export("auscult/opera-gt", "onnx/opera-gt", int8=True).relative_error`
    """
    if missing := [name for name in LIBRARIES if importlib.util.find_spec(name) is None]:
        raise ConfigurationError(f"{', '.join(missing)} not installed", remedy='pip install "hf-auscult[onnx]"')
    output = Path(output)
    check_folder(output)
    encoder, extractor = _load(model, feature_extractor)
    windows = _windows(extractor, frames)
    expected = _reference(encoder, windows)
    with new_folder(output) as folder:
        file = folder / "model.onnx"
        exporter = write(encoder, windows, file, opset)
        session = open_session(file)
        batch = session.get_inputs()[0].shape[0]
        # What tracing cannot see (branches on values) shows in other windows only: always compared.
        absolute, relative = _compare(session, windows, expected) if check or exporter == "trace" else (None, None)
        report = OnnxReport(
            output=str(output),
            model_type=encoder.encoder.config.model_type,
            opset=opset,
            exporter=exporter,
            inputs={INPUT: [batch, *windows.shape[1:]]},
            outputs={name: [batch, *value.shape[1:]] for name, value in zip(OUTPUTS, expected, strict=True)},
            max_abs_error=absolute,
            relative_error=relative,
            seconds_per_window=seconds([session], windows.numpy())[0] / WINDOWS if check else None,
            int8=quantise(file, windows.numpy()) if int8 else None,
            versions={name: importlib.metadata.version(name) for name in ("torch", "transformers", *LIBRARIES)},
        )
        extractor.save_pretrained(folder)
        settings = {key: value for key, value in report.to_dict().items() if key != "output"}
        write_json(folder / "onnx_config.json", settings)
    return report


def _load(
    model: PreTrainedModel | str | PathLike[str], extractor: WindowedFeatureExtractor | None
) -> tuple[OnnxEncoder, WindowedFeatureExtractor]:
    """Return the encoder in float32 on the CPU, and its extractor."""
    if isinstance(model, PreTrainedModel):
        encoder: Any = copy.deepcopy(model)
        name = encoder.config._name_or_path
    else:
        name = str(model)
    try:
        if not isinstance(model, PreTrainedModel):
            check_reachable(name)
            encoder = AutoModel.from_pretrained(name)
        if extractor is None:
            extractor = AutoFeatureExtractor.from_pretrained(name)
    except (OSError, ValueError) as error:
        reason = (str(error).splitlines() or ["no reason given"])[0]
        raise ConfigurationError(
            f"cannot be loaded ({reason})", where=name or "model", remedy="give a folder or id, or feature_extractor="
        ) from error
    encoder = getattr(encoder, "audio_encoder", encoder.base_model)
    if next(encoder.parameters(), None) is None:
        raise ConfigurationError("has no weights: there is no network to export", where=encoder.config.model_type)
    return OnnxEncoder(encoder.float().cpu()).eval(), extractor


def _windows(extractor: WindowedFeatureExtractor, frames: int | None) -> torch.Tensor:
    """Return features of eight synthetic windows: beats and breaths of a chirp in noise, seeds 0 to 7."""
    rate = extractor.sampling_rate
    length = extractor.windows.length(rate)
    if length is None and frames is None:
        raise ConfigurationError(
            "the extractor's default windows have no fixed length", where="frames", remedy="pass frames="
        )
    time_axis = np.arange(length or 10 * rate) / rate
    sounds = []
    for seed in range(WINDOWS):
        rng = np.random.default_rng(seed)
        breath = 0.5 + 0.5 * np.sin(2 * np.pi * (0.2 + 0.05 * seed) * time_axis)
        beat = np.exp(-40 * ((time_axis * (1 + 0.1 * seed)) % 1.0))
        tone = np.sin(2 * np.pi * (60 + 40 * seed + 15 * time_axis) * time_axis)
        sounds.append(0.1 * breath * rng.standard_normal(len(time_axis)) + (0.3 * beat + 0.1 * breath) * tone)
    features = extractor.window_features(np.stack(sounds).astype(np.float32))
    if frames is not None:
        if frames < 1:
            raise ConfigurationError(f"frames is {frames}", where="frames", remedy="give a positive number")
        features = features[:, np.arange(frames) % features.shape[1]]
    return torch.from_numpy(np.ascontiguousarray(features, dtype=np.float32))


@torch.no_grad()
def _reference(encoder: OnnxEncoder, windows: torch.Tensor) -> list[np.ndarray]:
    try:
        return [value.numpy() for value in encoder(windows)]
    except ValueError as error:
        raise ConfigurationError(
            str(error), where=encoder.encoder.config.model_type, remedy="give another number of frames"
        ) from error


def _compare(session: Any, windows: torch.Tensor, expected: list[np.ndarray]) -> tuple[float, float]:
    """Return the largest error over both outputs, absolute and over the output's largest value; refuse a large one."""
    absolute = relative = 0.0
    for part in (slice(0, 1), slice(1, 4), slice(0, None)):
        outputs = run(session, windows[part].numpy())
        for name, ours, theirs in zip(OUTPUTS, expected, outputs, strict=True):
            error = float(np.abs(ours[part].astype(np.float64) - theirs).max())
            share = error / max(float(np.abs(ours).max()), 1e-12)
            if not share <= TOLERANCE:
                raise ConversionError(
                    f"{name} of the ONNX file differs from torch by {error:.3g}, {share:.2g} of its largest value",
                    where="model.onnx",
                    remedy="try another opset",
                )
            absolute, relative = max(absolute, error), max(relative, share)
    return absolute, relative


__all__ = ["OnnxReport", "export"]
