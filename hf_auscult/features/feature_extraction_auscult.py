"""The Hugging Face feature extractor: recordings in, windows of log-mel out, with who each window belongs to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
import torch
from transformers.feature_extraction_sequence_utils import SequenceFeatureExtractor
from transformers.feature_extraction_utils import BatchFeature
from transformers.utils.generic import TensorType

from ..audio import WindowPolicy, read
from ..errors import ChannelError, ConfigurationError, SamplingRateError
from .logmel import log_mel
from .spec import FrontEnd

Protocol = Literal["default", "published"]


class AuscultFeatureExtractor(SequenceFeatureExtractor):
    """Cut recordings into windows and turn each into a log-mel image.

    Args:
        front_end: a `FrontEnd`, its mapping, or a name in `FRONT_ENDS`.
        windows: the default `WindowPolicy` (or its mapping): how a recording is cut.
        published_windows: the policy of the encoder's paper, used with `protocol="published"`; `None` where the
            encoder was never published.

    Example:
        >>> fe = AuscultFeatureExtractor("opera", WindowPolicy("sliding", seconds=8.18))
        >>> fe(np.zeros(16_000, np.float32), sampling_rate=16_000, return_tensors="pt")["input_features"].shape
        torch.Size([1, 256, 64])
    """

    model_input_names = ["input_features"]  # noqa: RUF012 - transformers reads it from the class

    def __init__(
        self,
        front_end: FrontEnd | str | Mapping[str, Any] = "opera",
        windows: WindowPolicy | Mapping[str, Any] | None = None,
        published_windows: WindowPolicy | Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        self.front_end = FrontEnd.of(front_end)
        self.windows = _policy(windows) or WindowPolicy("sliding", seconds=8.0)
        self.published_windows = _policy(published_windows)
        # The base class stores these; they follow from the front end, so a saved copy is ignored.
        for name in ("feature_size", "sampling_rate", "padding_value"):
            kwargs.pop(name, None)
        super().__init__(
            feature_size=self.front_end.n_mels,
            sampling_rate=self.front_end.sampling_rate,
            padding_value=0.0,
            **kwargs,
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON-able settings that travel beside the weights."""
        output: dict[str, Any] = super().to_dict()
        output["front_end"] = self.front_end.to_dict()
        output["windows"] = self.windows.to_dict()
        output["published_windows"] = self.published_windows.to_dict() if self.published_windows else None
        return output

    def policy(self, protocol: Protocol = "default") -> WindowPolicy:
        """Return the window policy of a protocol."""
        if protocol == "default":
            return self.windows
        if protocol != "published":
            raise ConfigurationError(f"unknown protocol {protocol!r}", remedy="use 'default' or 'published'")
        if self.published_windows is None:
            raise ConfigurationError(
                "this encoder has no published window rule", remedy="use protocol='default' or set published_windows"
            )
        return self.published_windows

    def __call__(
        self,
        raw_speech: Any,
        sampling_rate: int | None = None,
        return_tensors: str | TensorType | None = None,
        protocol: Protocol = "default",
        **kwargs: Any,
    ) -> BatchFeature:
        """Make log-mel windows.

        Args:
            raw_speech: one recording or a list of them: float32 mono arrays (n,), paths, `{"array", "sampling_rate"}`
                or `{"bytes", "path"}` mappings. Files and mappings are resampled to the front end's rate.
            sampling_rate: rate of bare arrays in Hz; must be the front end's.
            return_tensors: `pt`, `np` or `None`.
            protocol: `default`, or `published` for the paper's window rule.
            kwargs: accepted for transformers' pipelines (`padding`, `truncation` …) and unused.

        Returns:
            `input_features` (windows, frames, mel bands) float32; `recording_index` (windows,) int64, the recording of
            each window; `window_seconds` (windows,) float32, its weight in the recording's mean.

        Raises:
            SamplingRateError: a bare array without a rate, or with another rate than the front end's.
            AudioError: a recording that cannot be read or used.
        """
        recordings = [self._waveform(item, sampling_rate) for item in _as_list(raw_speech)]
        policy, spec = self.policy(protocol), self.front_end
        frames, owners, seconds = [], [], []
        for index, recording in enumerate(recordings):
            cut = policy.apply(recording, spec.sampling_rate)
            frames += cut.frames
            owners += [index] * len(cut.frames)
            seconds += [float(second) for second in cut.seconds]
        images = _images(frames, spec)
        lengths = {len(image) for image in images}
        if len(lengths) > 1:
            raise ConfigurationError(
                f"windows of {sorted(lengths)} frames cannot share a batch",
                where=f"window policy {policy.kind!r}",
                remedy="pass one recording at a time, or use a policy with windows of one length",
            )
        features = {
            "input_features": np.stack(images),
            "recording_index": np.asarray(owners, dtype=np.int64),
            "window_seconds": np.asarray(seconds, dtype=np.float32),
        }
        return BatchFeature(features, tensor_type=return_tensors)

    def _waveform(self, item: Any, sampling_rate: int | None) -> np.ndarray:
        wanted = self.front_end.sampling_rate
        if isinstance(item, torch.Tensor):
            item = item.detach().cpu().numpy()
        if not isinstance(item, np.ndarray):
            return read(item, sampling_rate=wanted).array
        if sampling_rate is None:
            raise SamplingRateError("an array without a sampling rate", remedy=f"pass sampling_rate={wanted}")
        if sampling_rate != wanted:
            raise SamplingRateError(
                f"{sampling_rate} Hz given, {wanted} Hz needed", remedy=f"resample the recording to {wanted} Hz first"
            )
        if item.ndim != 1:
            raise ChannelError(f"an array of shape {item.shape}", remedy="pass one mono recording as (samples,)")
        return read({"array": item, "sampling_rate": sampling_rate}).array


def _policy(value: WindowPolicy | Mapping[str, Any] | None) -> WindowPolicy | None:
    return WindowPolicy.from_dict(value) if isinstance(value, Mapping) else value


def _as_list(raw: Any) -> list[Any]:
    if isinstance(raw, (list, tuple)):
        # A plain list of numbers is one recording, as in transformers' own extractors.
        numbers = bool(raw) and isinstance(raw[0], (int, float))
        return [np.asarray(raw, dtype=np.float32)] if numbers else list(raw)
    if isinstance(raw, (np.ndarray, torch.Tensor)) and raw.ndim == 2:
        return list(raw)
    return [raw]


def _images(frames: Sequence[np.ndarray], spec: FrontEnd, batch_size: int = 64) -> list[np.ndarray]:
    """Return one (frames, n_mels) image a window; windows of equal length share a transform."""
    images: list[np.ndarray] = [np.empty(0)] * len(frames)
    by_length: dict[int, list[int]] = {}
    for index, frame in enumerate(frames):
        by_length.setdefault(len(frame), []).append(index)
    for members in by_length.values():
        for start in range(0, len(members), batch_size):
            part = members[start : start + batch_size]
            batch = log_mel(torch.from_numpy(np.stack([frames[index] for index in part])), spec).numpy()
            for index, image in zip(part, batch, strict=True):
                images[index] = image
    return images
