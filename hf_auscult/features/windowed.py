"""What every feature extractor shares: recordings are cut into windows, each window becomes features."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

import numpy as np
import torch
from transformers.feature_extraction_sequence_utils import SequenceFeatureExtractor
from transformers.feature_extraction_utils import BatchFeature
from transformers.utils.generic import TensorType

from ..audio import WindowPolicy, read
from ..errors import ChannelError, ConfigurationError, SamplingRateError
from .saved_code import SavesCode
from .spec import FrontEnd


@dataclass(frozen=True)
class PublishedVariant:
    """Another published way of feeding an encoder, chosen as `protocol="published:NAME"`.

    Args:
        windows: how recordings are cut.
        front_end: replaces the encoder's own; `None` keeps it.
        read_rate: recordings are resampled to this rate and then taken for the front end's, where a benchmark did so
            by mistake; `None` for the front end's rate.
    """

    windows: WindowPolicy
    front_end: FrontEnd | None = None
    read_rate: int | None = None

    @classmethod
    def of(cls, value: PublishedVariant | Mapping[str, Any]) -> PublishedVariant:
        """Return a variant from itself or its mapping; unknown keys are refused."""
        if isinstance(value, PublishedVariant):
            return value
        unknown = sorted(set(value) - {field.name for field in fields(cls)})
        if unknown or "windows" not in value:
            raise ConfigurationError(
                f"unknown keys {unknown}" if unknown else "no windows",
                where="published variant",
                remedy="see PublishedVariant",
            )
        front_end = value.get("front_end")
        return cls(
            WindowPolicy.from_dict(value["windows"]),
            None if front_end is None else FrontEnd.of(front_end),
            value.get("read_rate"),
        )


@dataclass(frozen=True)
class Features:
    """The features of one recording.

    Args:
        windows: float32 arrays, one a window; of one shape unless the policy leaves the last window short.
        seconds: how much of the recording each stands for.
    """

    windows: list[np.ndarray]
    seconds: list[float]


class WindowedFeatureExtractor(SavesCode, SequenceFeatureExtractor):
    """Base of the extractors: reading, rates, window policies, protocols and the shape of the output.

    Sub-classes say how windows of samples become features: `window_features`.

    Args:
        feature_size: bands of a feature frame.
        sampling_rate: rate of the waveforms, in Hz.
        windows: the default `WindowPolicy` (or its mapping): how a recording is cut.
        published_windows: the policy of the encoder's paper, used with `protocol="published"`; `None` where the
            encoder was never published.
        published_variants: further published ways by name, used with `protocol="published:NAME"`.
    """

    model_input_names = ["input_features"]  # noqa: RUF012 - transformers reads it from the class

    def __init__(
        self,
        feature_size: int,
        sampling_rate: int,
        windows: WindowPolicy | Mapping[str, Any],
        published_windows: WindowPolicy | Mapping[str, Any] | None = None,
        published_variants: Mapping[str, PublishedVariant | Mapping[str, Any]] | None = None,
        **kwargs: Any,
    ) -> None:
        self.windows = _policy(windows)
        self.published_windows = None if published_windows is None else _policy(published_windows)
        self.published_variants = {
            name: PublishedVariant.of(value) for name, value in (published_variants or {}).items()
        }
        kwargs.pop("padding_value", None)
        super().__init__(feature_size=feature_size, sampling_rate=sampling_rate, padding_value=0.0, **kwargs)

    def window_features(self, windows: np.ndarray, front_end: FrontEnd | None = None) -> np.ndarray:
        """Turn windows of one length (B, samples) into features (B, ...), float32.

        Args:
            windows: float32 samples at `sampling_rate`.
            front_end: of a published variant that has its own.
        """
        raise NotImplementedError

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON-able settings that travel beside the weights."""
        output: dict[str, Any] = super().to_dict()
        output["windows"] = self.windows.to_dict()
        output["published_windows"] = self.published_windows.to_dict() if self.published_windows else None
        output["published_variants"] = {name: asdict(value) for name, value in self.published_variants.items()}
        return output

    def rule(self, protocol: str = "default") -> PublishedVariant:
        """Return how a protocol feeds the encoder: `default`, `published` or `published:NAME`.

        Raises:
            ConfigurationError: the encoder has no such protocol.
        """
        if protocol == "default":
            return PublishedVariant(self.windows)
        kind, _, name = protocol.partition(":")
        if kind != "published":
            raise ConfigurationError(
                f"unknown protocol {protocol!r}", remedy="use 'default', 'published' or 'published:NAME'"
            )
        if not name:
            if self.published_windows is None:
                raise ConfigurationError(
                    "this encoder has no published window rule",
                    remedy="use protocol='default' or set published_windows",
                )
            return PublishedVariant(self.published_windows)
        if name not in self.published_variants:
            known = ", ".join(sorted(self.published_variants)) or "none"
            raise ConfigurationError(f"unknown published variant {name!r}", remedy=f"this encoder's variants: {known}")
        return self.published_variants[name]

    def policy(self, protocol: str = "default") -> WindowPolicy:
        """Return the window policy of a protocol."""
        return self.rule(protocol).windows

    def features(
        self, recording: Any, sampling_rate: int | None = None, protocol: str = "default", batch_size: int = 64
    ) -> Features:
        """Cut one recording (array with its rate, path or mapping) and return the features of its windows."""
        rule = self.rule(protocol)
        waveform = self._waveform(recording, sampling_rate, rule.read_rate)
        cut = rule.windows.apply(waveform, self.sampling_rate)
        found: list[np.ndarray] = [np.empty(0)] * len(cut.frames)
        by_length: dict[int, list[int]] = {}
        for index, frame in enumerate(cut.frames):
            by_length.setdefault(len(frame), []).append(index)
        # Windows of equal length share a transform.
        for members in by_length.values():
            for start in range(0, len(members), batch_size):
                part = members[start : start + batch_size]
                batch = np.stack([cut.frames[index] for index in part])
                for index, image in zip(part, self.window_features(batch, rule.front_end), strict=True):
                    found[index] = image
        return Features(found, [float(second) for second in cut.seconds])

    def __call__(
        self,
        raw_speech: Any,
        sampling_rate: int | None = None,
        return_tensors: str | TensorType | None = None,
        protocol: str = "default",
        **kwargs: Any,
    ) -> BatchFeature:
        """Make features of windows.

        Args:
            raw_speech: one recording or a list of them: float32 mono arrays (n,), paths, `{"array", "sampling_rate"}`
                or `{"bytes", "path"}` mappings. Files and mappings are resampled to the extractor's rate.
            sampling_rate: rate of bare arrays in Hz; must be the extractor's.
            return_tensors: `pt`, `np` or `None`.
            protocol: `default`, `published` for the paper's window rule, or `published:NAME`.
            kwargs: accepted for transformers' pipelines (`padding`, `truncation` …) and unused.

        Returns:
            `input_features` (windows, ...) float32; `recording_index` (windows,) int64, the recording of each window;
            `window_seconds` (windows,) float32, its weight in the recording's mean.

        Raises:
            SamplingRateError: a bare array without a rate, or with another rate than the extractor's.
            AudioError: a recording that cannot be read or used.
        """
        images: list[np.ndarray] = []
        owners: list[int] = []
        seconds: list[float] = []
        for index, item in enumerate(_as_list(raw_speech)):
            found = self.features(item, sampling_rate, protocol)
            images += found.windows
            owners += [index] * len(found.windows)
            seconds += found.seconds
        shapes = {image.shape for image in images}
        if len(shapes) > 1:
            raise ConfigurationError(
                f"windows of {sorted({shape[0] for shape in shapes})} frames cannot share a batch",
                where=f"window policy {self.policy(protocol).kind!r}",
                remedy="pass one recording at a time, or use a policy with windows of one length",
            )
        features = {
            "input_features": np.stack(images),
            "recording_index": np.asarray(owners, dtype=np.int64),
            "window_seconds": np.asarray(seconds, dtype=np.float32),
        }
        return BatchFeature(features, tensor_type=return_tensors)

    def _waveform(self, item: Any, sampling_rate: int | None, read_rate: int | None = None) -> np.ndarray:
        wanted = self.sampling_rate
        if isinstance(item, torch.Tensor):
            item = item.detach().cpu().numpy()
        if not isinstance(item, np.ndarray):
            return read(item, sampling_rate=read_rate or wanted).array
        if sampling_rate is None:
            raise SamplingRateError("an array without a sampling rate", remedy=f"pass sampling_rate={wanted}")
        if sampling_rate != wanted:
            raise SamplingRateError(
                f"{sampling_rate} Hz given, {wanted} Hz needed", remedy=f"resample the recording to {wanted} Hz first"
            )
        if item.ndim != 1:
            raise ChannelError(f"an array of shape {item.shape}", remedy="pass one mono recording as (samples,)")
        return read({"array": item, "sampling_rate": sampling_rate}, sampling_rate=read_rate or wanted).array


def _policy(value: WindowPolicy | Mapping[str, Any]) -> WindowPolicy:
    return WindowPolicy.from_dict(value) if isinstance(value, Mapping) else value


def _as_list(raw: Any) -> list[Any]:
    if isinstance(raw, (list, tuple)):
        # A plain list of numbers is one recording, as in transformers' own extractors.
        numbers = bool(raw) and isinstance(raw[0], (int, float))
        return [np.asarray(raw, dtype=np.float32)] if numbers else list(raw)
    if isinstance(raw, (np.ndarray, torch.Tensor)) and raw.ndim == 2:
        return list(raw)
    return [raw]
