"""What every feature extractor shares: recordings are cut into windows, each window becomes features, one row each.

A row is a recording's windows laid end to end along time. Every key has one row a recording and at most three
dimensions, so transformers' collators (`pipeline(batch_size=…)`, `Trainer(processing_class=…)`), `datasets`' ragged
columns, `DataLoader`'s shuffling and Accelerate's splitting along dimension 0 keep what belongs together together.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from functools import partial
from os import PathLike, fspath
from typing import Any

import numpy as np
import torch
from transformers.feature_extraction_sequence_utils import SequenceFeatureExtractor
from transformers.feature_extraction_utils import BatchFeature
from transformers.utils.generic import TensorType

from ..audio import WindowPolicy, read
from ..errors import ChannelError, ConfigurationError, EmptyAudioError, NonFiniteAudioError, SamplingRateError
from .saved_code import SavesCode
from .spec import FrontEnd

if hasattr(os, "register_at_fork"):
    # A forked process has none of the threads that torch started, and would wait for them for ever: it computes alone,
    # as `datasets.map(num_proc=…)` wants anyway.
    os.register_at_fork(after_in_child=partial(torch.set_num_threads, 1))


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
        windows: float32 arrays, one a window, time first; of one shape unless the policy leaves the last window short.
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
        rate_factor: of the default protocol: recordings are resampled to `sampling_rate / rate_factor` and then taken
            for `sampling_rate`, as if played that much faster, which brings low sounds (a heart's) to where an encoder
            of speech listens. Windows are cut of what is then taken: one of 10 s covers 40 s of recording at 4.

    Raises:
        ConfigurationError: a factor that leaves no whole rate.
    """

    model_input_names = ["input_features", "window_seconds", "window_frames"]  # noqa: RUF012 - read from the class
    #: Dimensions of a window's features: (frames, values); 1 for waveforms.
    window_ndim = 2

    def __init__(
        self,
        feature_size: int,
        sampling_rate: int,
        windows: WindowPolicy | Mapping[str, Any],
        published_windows: WindowPolicy | Mapping[str, Any] | None = None,
        published_variants: Mapping[str, PublishedVariant | Mapping[str, Any]] | None = None,
        rate_factor: float = 1.0,
        **kwargs: Any,
    ) -> None:
        if not rate_factor > 0 or round(sampling_rate / rate_factor) * rate_factor != sampling_rate:
            raise ConfigurationError(
                f"{sampling_rate} Hz over rate_factor {rate_factor} is no whole rate", remedy="use 2 or 4, say"
            )
        self.rate_factor = float(rate_factor)
        self.windows = _policy(windows)
        self.published_windows = None if published_windows is None else _policy(published_windows)
        self.published_variants = {
            name: PublishedVariant.of(value) for name, value in (published_variants or {}).items()
        }
        for name in ("padding_value", "padding_side"):  # windows lie at the front of their row
            kwargs.pop(name, None)
        super().__init__(feature_size=feature_size, sampling_rate=sampling_rate, padding_value=0.0, **kwargs)

    def window_features(self, windows: np.ndarray, front_end: FrontEnd | None = None) -> np.ndarray:
        """Turn windows of one length (B, samples) into features (B, frames, values), float32.

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
            read_rate = None if self.rate_factor == 1 else round(self.sampling_rate / self.rate_factor)
            return PublishedVariant(self.windows, read_rate=read_rate)
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
        """Cut one recording (array with its rate, path or mapping) and return the features of its windows.

        Args:
            recording, sampling_rate, protocol: see `__call__`.
            batch_size: windows that are transformed at a time.

        Raises:
            ConfigurationError: a `batch_size` below 1, or an unknown protocol.
            AudioError: a recording that cannot be read or used.
        """
        check_batch_size(batch_size)
        rule = self.rule(protocol)
        waveform = self._waveform(recording, sampling_rate, rule.read_rate)
        if not np.ptp(waveform):
            said = f"{name_of(recording) or 'a recording'} is silent: all of its samples are equal"
            warnings.warn(said, stacklevel=2)
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
                images = self.window_features(batch, rule.front_end)
                if not np.isfinite(images).all():
                    raise NonFiniteAudioError(
                        "its features are not finite", where=name_of(recording), remedy="listen to it, and leave it out"
                    )
                for index, image in zip(part, images, strict=True):
                    found[index] = image
        stretch = 1.0 if rule.read_rate is None else self.sampling_rate / rule.read_rate
        return Features(found, [stretch * float(second) for second in cut.seconds])

    def __call__(
        self,
        raw_speech: Any,
        sampling_rate: int | None = None,
        return_tensors: str | TensorType | None = None,
        protocol: str = "default",
        **kwargs: Any,
    ) -> BatchFeature:
        """Make one row of features a recording.

        Args:
            raw_speech: one recording or a sequence of them: mono arrays (samples,), lists of numbers, paths, bytes,
                `{"array", "sampling_rate"}` or `{"bytes", "path"}` mappings, decoders of a decoding audio column.
                Floating-point samples are in [-1, 1], integer arrays are PCM; Python's integers, whose full scale
                nobody knows, are refused. An array (channels, samples) is refused as well, because it cannot be told
                from a batch: mix it down, or pass it as `{"array", "sampling_rate"}`, which takes the mean of two
                channels. Files and mappings are resampled to the extractor's rate.
            sampling_rate: rate of bare arrays and lists in Hz; must be the extractor's.
            return_tensors: `pt`, `np` or `None`.
            protocol: `default`, `published` for the paper's window rule, or `published:NAME`.
            kwargs: accepted for transformers' pipelines (`padding`, `truncation` …) and unused.

        Returns:
            One row a recording under every key: `input_features` (recordings, frames, values), or (recordings,
            samples) of waveforms: its windows end to end, float32, zeros behind shorter recordings.
            `window_seconds` (recordings, windows) float32: how much of the recording each window stands for, its
            weight in the recording's mean. `window_frames` (recordings, windows) int64: how many frames it has. 0 is
            padding in both.

        Raises:
            SamplingRateError: a bare array without a rate, or with another rate than the extractor's.
            ChannelError: an array with channels.
            AudioError: no recording at all, or one that cannot be read or used.
        """
        rows = []
        for recording in _recordings(raw_speech):
            features = self.features(recording, sampling_rate, protocol)
            rows.append(
                {
                    "input_features": np.concatenate(features.windows),
                    "window_seconds": np.asarray(features.seconds, dtype=np.float32),
                    "window_frames": np.array([len(window) for window in features.windows], dtype=np.int64),
                }
            )
        return BatchFeature({key: _stacked([row[key] for row in rows]) for key in rows[0]}, tensor_type=return_tensors)

    def pad(
        self,
        processed_features: Any,
        padding: Any = True,
        max_length: int | None = None,
        truncation: bool = False,
        pad_to_multiple_of: int | None = None,
        return_attention_mask: bool | None = None,
        return_tensors: str | TensorType | None = None,
    ) -> BatchFeature:
        """Collate rows, also as `datasets` hands them out (nested lists) and as `map` one by one leaves them.

        `Trainer(processing_class=extractor)` and `DataCollatorWithPadding` call this.

        Args:
            processed_features: rows, or a mapping of columns. Without the window keys, rows are taken for windows of
                the default policy, equally long, end to end.
            padding: rows are always padded, with zeros at the end: their lengths stand in `window_frames`.
            max_length, truncation, pad_to_multiple_of, return_attention_mask: accepted and unused.
            return_tensors: `pt`, `np` or `None`.

        Returns:
            The columns; those that are not the extractor's (labels) are stacked.

        Raises:
            ConfigurationError: no `input_features`.
        """
        if isinstance(processed_features, Mapping):
            columns = dict(processed_features)
        else:
            columns = {key: [row[key] for row in processed_features] for key in processed_features[0]}
        if "input_features" not in columns:
            raise ConfigurationError(f"no input_features among {sorted(columns)}", remedy="pass the extractor's rows")
        for key in set(columns) & set(self.model_input_names):
            kind = np.int64 if key == "window_frames" else np.float32
            ndim = self.window_ndim if key == "input_features" else 1
            arrays = [_array(row).astype(kind, copy=False) for row in columns[key]]
            # `map` one by one leaves the axis of a batch of one.
            columns[key] = [row[0] if row.ndim == ndim + 1 and len(row) == 1 else row for row in arrays]
        if "window_frames" not in columns:
            columns["window_frames"] = [self._default_frames(len(row)) for row in columns["input_features"]]
        if "window_seconds" not in columns:
            columns["window_seconds"] = [row.astype(np.float32) for row in columns["window_frames"]]
        for key in self.model_input_names:
            columns[key] = _stacked(columns[key])
        return BatchFeature(columns, tensor_type=return_tensors)

    def _default_frames(self, frames: int) -> np.ndarray:
        """Return the lengths of the windows in a row that does not say: those of the default policy, if they fit."""
        length = self.windows.length(self.sampling_rate)
        window = frames if length is None else len(self.window_features(np.zeros((1, length), np.float32))[0])
        count = frames // window if frames % window == 0 else 1
        return np.full(count, frames // count, dtype=np.int64)

    def _waveform(self, item: Any, sampling_rate: int | None, read_rate: int | None = None) -> np.ndarray:
        wanted = self.sampling_rate
        empty = isinstance(item, (list, tuple)) and not item
        if isinstance(item, (torch.Tensor, np.generic)) or empty or _is_numbers(item):
            item = _array(item)
        if not isinstance(item, np.ndarray):
            return read(item, sampling_rate=read_rate or wanted).array
        if item.ndim != 1:
            raise ChannelError(
                f"an array of shape {item.shape}",
                remedy="pass one mono recording as (samples,), several as a list; two channels as {'array': (2, "
                "samples), 'sampling_rate': rate}",
            )
        if sampling_rate is None:
            raise SamplingRateError("an array without a sampling rate", remedy=f"pass sampling_rate={wanted}")
        if sampling_rate != wanted:
            raise SamplingRateError(
                f"{sampling_rate} Hz given, {wanted} Hz needed", remedy=f"resample the recording to {wanted} Hz first"
            )
        return read({"array": item, "sampling_rate": sampling_rate}, sampling_rate=read_rate or wanted).array


def check_batch_size(batch_size: int) -> None:
    """Raise `ConfigurationError` unless a batch can hold something."""
    if batch_size < 1:
        raise ConfigurationError(f"batch_size is {batch_size}", remedy="use 1 or more")


def _policy(value: WindowPolicy | Mapping[str, Any]) -> WindowPolicy:
    return WindowPolicy.from_dict(value) if isinstance(value, Mapping) else value


def _array(value: Any) -> np.ndarray:
    """Return a tensor, an array or nested lists as an array."""
    if isinstance(value, torch.Tensor):
        value = value.detach().cpu()
        value = value.float() if value.dtype == torch.bfloat16 else value
    return np.asarray(value)


def name_of(recording: Any) -> str | None:
    """What a message calls a recording."""
    if isinstance(recording, Mapping):
        recording = recording.get("path")
    recording = getattr(recording, "source", recording)
    return fspath(recording) if isinstance(recording, (str, PathLike)) else None


def _is_numbers(value: Any) -> bool:
    """Whether a sequence is one recording: its first element is a number, of Python, numpy or torch."""
    if not isinstance(value, (list, tuple)) or not value:
        return False
    first = value[0]
    scalar = isinstance(first, (np.ndarray, torch.Tensor)) and first.ndim == 0
    return scalar or isinstance(first, (int, float, np.number))


def _recordings(raw: Any) -> list[Any]:
    """Return the recordings of a call: one, or those of a list, of a column of a dataset or of any other sequence.

    Raises:
        EmptyAudioError: none at all.
    """
    one = isinstance(raw, (str, bytes, bytearray, Mapping, np.ndarray, torch.Tensor)) or not isinstance(raw, Sequence)
    if isinstance(raw, (np.ndarray, torch.Tensor)) and raw.ndim == 2 and len(raw) == 1:
        return [raw[0]]
    if one or _is_numbers(raw):
        return [raw]
    if not len(raw):
        raise EmptyAudioError("an empty list of recordings", remedy="pass at least one recording")
    return list(raw)


def _stacked(rows: Sequence[np.ndarray]) -> np.ndarray:
    """Stack rows, with zeros behind the shorter ones."""
    longest = max(len(row) for row in rows)
    stacked = np.zeros((len(rows), longest, *rows[0].shape[1:]), dtype=rows[0].dtype)
    for target, row in zip(stacked, rows, strict=True):
        target[: len(row)] = row
    return stacked
