"""Recordings to embeddings: one row a recording, whatever the encoder."""

from __future__ import annotations

import json
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property, partial
from os import PathLike
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from tqdm.auto import tqdm
from transformers import AutoConfig, AutoFeatureExtractor, AutoModel, PreTrainedModel

from ..audio import read
from ..errors import AudioError, ConfigurationError, NonFiniteAudioError, SamplingRateError
from ..features import Features, WindowedFeatureExtractor
from ..features.windowed import check_batch_size, name_of
from ..models.adapter.presets import presets
from ..models.reachable import check_reachable, without_loading_bar
from ..models.shared.rows import weighted_mean
from .precision import SLOW_TO_START, Choice, Precision, Runner, check_precision, choose, shape_of
from .sources import Cells, sources_of

SILENT = "silent: all of its samples are equal"


@dataclass(frozen=True, eq=False)
class Embeddings:
    """What `errors="skip"` returns.

    Args:
        array: (recordings that could be used, dim) float32.
        paths: of every row of `array`; None of what has no path.
        skipped: position of a recording that could not be used -> the reason, with its name.
        kept: position in the call of every row of `array`.
    """

    array: np.ndarray
    paths: tuple[str | None, ...]
    skipped: Mapping[int, str]
    kept: tuple[int, ...]


class Embedder:
    """An encoder with its feature extractor, and the one loop in which this package encodes recordings.

    Args:
        model: a model, a folder or a Hub id; transformers' own audio models are adapted, see `adapt`.
        feature_extractor: needed where a model object does not know the folder it came from.
        device: where to run; the model's own by default.
        precision: `exact` (single precision, the same bits every time) or `fast`, see `embed`.
        recordings: how many will be embedded, if that is known: `fast` compiles or exports a network only for many.

    Example:
        >>> embedder = Embedder("auscult/acula-opera")  # doctest: +SKIP
        >>> embedder(["heart.wav", {"array": np.zeros(16_000), "sampling_rate": 16_000}]).shape  # doctest: +SKIP
        (2, 2048)
    """

    def __init__(
        self,
        model: PreTrainedModel | str | PathLike[str],
        feature_extractor: WindowedFeatureExtractor | None = None,
        *,
        device: torch.device | str | None = None,
        precision: Precision = "exact",
        recordings: int = 0,
    ) -> None:
        check_precision(precision)
        with without_loading_bar():
            loaded, feature_extractor = _load(model, feature_extractor)
        name = loaded.config._name_or_path
        if feature_extractor is None:
            if not name:
                raise ConfigurationError(
                    "the model does not say where its feature extractor is",
                    remedy="pass a folder or id, or Embedder(model, feature_extractor)",
                )
            feature_extractor = AutoFeatureExtractor.from_pretrained(name)
        self.model: Any = loaded
        self.feature_extractor = feature_extractor
        self.device = torch.device(device) if device is not None else loaded.device
        loaded.to(self.device)
        #: How `fast` runs the model; None where it is exact.
        self.choice: Choice | None = None
        if precision == "fast":
            self.choice = choose(loaded, feature_extractor, self.device, recordings)

    @property
    def way(self) -> str:
        """`exact`, or the way of `fast`: what the rows depend on."""
        return self.choice.way if self.choice else "exact"

    @cached_property
    def runner(self) -> Runner:
        """The model in the way it is run."""
        return Runner(self.model, self.way, shape_of(self.feature_extractor) if self.way in SLOW_TO_START else ())

    @property
    def encoder(self) -> Any:
        """The encoder itself: an aligned model is probed through it, its projections serve retrieval only."""
        return getattr(self.model, "audio_encoder", self.model)

    def __call__(
        self,
        recordings: Iterable[Any],
        *,
        batch_size: int = 32,
        protocol: str = "default",
        progress: bool = False,
        errors: Literal["raise", "skip"] = "raise",
    ) -> Any:
        """Return the embedding of every recording: the mean of its windows, weighted by their seconds.

        Args:
            recordings, batch_size, protocol, progress, errors: see `embed`.

        Returns:
            (recordings, dim) float32; `Embeddings` with `errors="skip"`.
        """
        if errors not in ("raise", "skip"):
            raise ConfigurationError(f"errors is {errors!r}", remedy="use 'raise' or 'skip'")
        skipped: dict[int, AudioError] | None = {} if errors == "skip" else None
        recordings, names = _expanded(recordings), []

        def named() -> Iterator[Any]:
            for recording in recordings:
                names.append(name_of(recording))
                yield recording

        source = recordings if skipped is None else named()
        rows = self.rows(source, batch_size=batch_size, protocol=protocol, progress=progress, skipped=skipped)
        found = [row["pooler_output"] for row in rows]
        array = np.stack(found) if found else np.empty((0, 0), np.float32)
        if skipped is None:
            return array
        kept = tuple(index for index in range(len(names)) if index not in skipped)
        paths = tuple(names[index] for index in kept)
        return Embeddings(array, paths, {index: str(error) for index, error in skipped.items()}, kept)

    def encode(
        self,
        recordings: Iterable[Any],
        *,
        batch_size: int = 32,
        protocol: str = "default",
        progress: bool = False,
        outputs: Sequence[str] = ("pooler_output",),
    ) -> dict[str, np.ndarray]:
        """Return several outputs of the model, each (recordings, dim) float32.

        Args:
            recordings, batch_size, protocol, progress: see `embed`.
            outputs: fields with one vector a window, e.g. `("pooler_output", "audio_embeds")` of an AcuLa model.
        """
        rows = list(self.rows(recordings, batch_size=batch_size, protocol=protocol, progress=progress, outputs=outputs))
        return {name: np.stack([row[name] for row in rows]) if rows else np.empty((0, 0)) for name in outputs}

    def rows(
        self,
        recordings: Iterable[Any],
        *,
        batch_size: int = 32,
        protocol: str = "default",
        progress: bool = False,
        outputs: Sequence[str] = ("pooler_output",),
        skipped: dict[int, AudioError] | None = None,
    ) -> Iterator[dict[str, np.ndarray]]:
        """Yield one recording after another, output -> (dim,) float32: for what stores rows as they come.

        Args:
            recordings, batch_size, protocol, progress, outputs: as for `encode`.
            skipped: filled with position -> error of recordings that cannot be used; without it they raise.
        """
        for encoded in encode_all(
            {"": self},
            recordings,
            batch_size=batch_size,
            protocol=protocol,
            progress=progress,
            outputs=outputs,
            skipped=skipped,
        ):
            yield encoded.rows[""]


@dataclass(frozen=True, eq=False)
class Encoded:
    """One recording.

    Args:
        index: its position in the call.
        seconds: its duration.
        note: what was odd about it and does not keep it from being used.
        rows: encoder -> output -> (dim,) float32.
    """

    index: int
    seconds: float
    note: str
    rows: dict[str, dict[str, np.ndarray]]


def encode_all(
    embedders: Mapping[str, Embedder],
    recordings: Iterable[Any],
    *,
    batch_size: int = 32,
    protocol: str = "default",
    progress: bool = False,
    outputs: Sequence[str] = ("pooler_output",),
    skipped: dict[int, AudioError] | None = None,
) -> Iterator[Encoded]:
    """Encode recordings with several encoders: each is read once, and cut once for all that have equal extractors.

    Reading, resampling and log-mel run beside the network, in a thread of its own for every core that torch leaves
    free, so that threads never outnumber cores. On a CPU a forward pass holds windows of one recording, on an
    accelerator windows of several.

    Args:
        embedders: by name; their models are left in the mode they are in, and may stand on several devices.
        recordings, batch_size, protocol, progress, outputs: as for `Embedder.encode`.
        skipped: filled with position -> error of recordings that cannot be used; without it they raise.

    Yields:
        One recording after another, those that were skipped left out.

    Raises:
        ConfigurationError: a `batch_size` below 1, an unknown protocol, an output that a model does not give, or a
            model whose weights are not finite.
        SamplingRateError: a bare array, which has no rate.
        AudioError: a recording that cannot be read or used, or whose embedding is not finite.
    """
    check_batch_size(batch_size)
    extractors: dict[str, WindowedFeatureExtractor] = {}
    passes: list[_Pass] = []
    for name, embedder in embedders.items():
        embedder.feature_extractor.rule(protocol)
        settings = json.dumps(embedder.feature_extractor.to_dict(), sort_keys=True, default=str)
        extractors.setdefault(settings, embedder.feature_extractor)
        passes.append(_Pass(name, embedder, settings, outputs, published=protocol != "default"))
    total = len(recordings) if isinstance(recordings, Sequence) else None
    training = [(embedder.model, embedder.model.training) for embedder in embedders.values()]
    # The last bits of a product depend on how many windows share it. Measured on a CPU (torch 2.11, one thread, the 26
    # small encoders of the test zoo): alone and among 2, 4 or 8 an embedding is the same to the bit in 12 of them, and
    # differs by at most 8e-7 of its largest value in the others (convolutions, most). So a row is independent of its
    # company only where it has none; a CPU is no slower for it, a GPU would stand idle.
    room = 4 * batch_size if _shares(passes) else 1
    waiting: dict[int, _Cut] = {}

    def finished() -> Iterator[Encoded]:
        """Encode what is waiting; a model must not turn a recording into NaN in silence."""
        rows = _encoded(passes, list(waiting.values()), batch_size) if waiting else []
        for (index, cut), row in zip(waiting.items(), rows, strict=True):
            if all(np.isfinite(vector).all() for vectors in row.values() for vector in vectors.values()):
                yield Encoded(index, cut.seconds, cut.note, row)
                continue
            for name, embedder in embedders.items():
                _check_weights(name, embedder.model)
            error = NonFiniteAudioError(
                "its embedding is not finite", where=cut.name, remedy="listen to it, and leave it out"
            )
            if skipped is None:
                raise error
            skipped[index] = error
        waiting.clear()

    try:
        for model, _ in training:
            model.eval()
        made = _cut_ahead(partial(_cut, extractors, protocol), recordings, _readers(passes))
        bar = tqdm(made, total=total, desc="embed", unit="recording", disable=not progress)
        for index, cut in enumerate(bar):
            if not isinstance(cut, AudioError):
                waiting[index] = cut
                if sum(one.windows for one in waiting.values()) < room:
                    continue
            elif skipped is not None:
                skipped[index] = cut
                continue
            yield from finished()
            if isinstance(cut, AudioError):
                raise cut
        yield from finished()
    finally:
        for model, mode in training:
            model.train(mode)


@dataclass(frozen=True, eq=False)
class _Cut:
    """A recording as extractors cut it: its name, seconds and note, and settings of the extractor -> features."""

    name: str | None
    seconds: float
    note: str
    features: dict[str, Features]

    @property
    def windows(self) -> int:
        """How many there are, by the extractor that makes most."""
        return max(len(features.windows) for features in self.features.values())


def _cut(extractors: Mapping[str, WindowedFeatureExtractor], protocol: str, recording: Any) -> _Cut | AudioError:
    """Read a recording once and cut it with every extractor; what is wrong with it is returned."""
    try:
        if isinstance(recording, (np.ndarray, torch.Tensor)):
            raise SamplingRateError(
                "a bare array has no sampling rate", remedy='pass {"array": array, "sampling_rate": rate} or a path'
            )
        waveform = read(recording)
        features = {key: extractor.features(waveform, protocol=protocol) for key, extractor in extractors.items()}
    except AudioError as error:
        return error
    note = waveform.note or (SILENT if not np.ptp(waveform.array) else "")
    return _Cut(name_of(recording), waveform.seconds, note, features)


def _readers(passes: Sequence[_Pass]) -> int:
    """Threads that read: one for each core that the network leaves free, none where there is no such core.

    Four are enough: a core reads and cuts some hundred recordings a second.
    """
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(0, min(4, cores - (1 if _shares(passes) else torch.get_num_threads())))


def _cut_ahead(
    cut: Callable[[Any], _Cut | AudioError], recordings: Iterable[Any], readers: int
) -> Iterator[_Cut | AudioError]:
    """Cut recordings in their order, some of them before they are asked for."""
    if readers == 0:
        yield from map(cut, recordings)
        return
    threads, ahead = torch.get_num_threads(), deque[Future[_Cut | AudioError]]()
    pool = ThreadPoolExecutor(readers, "hf_auscult-reader", partial(torch.set_num_threads, 1))
    try:
        for recording in recordings:
            ahead.append(pool.submit(cut, recording))
            if len(ahead) > 2 * readers:
                yield ahead.popleft().result()
        while ahead:
            yield ahead.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)
        torch.set_num_threads(threads)  # the readers' own number would be that of threads started from here on


def _check_weights(name: str, model: Any) -> None:
    """Raise ConfigurationError where weights are NaN or infinite."""
    for parameter, value in model.state_dict().items():
        if not torch.isfinite(value).all():
            raise ConfigurationError(
                f"the weights of the model are not finite: {parameter}",
                where=name or model.config._name_or_path or None,
                remedy="fetch, convert or train it again",
            )


def _shares(passes: Sequence[_Pass]) -> bool:
    """Whether windows of several recordings share a forward pass."""
    return any(one.device.type != "cpu" for one in passes)


class _Pass:
    """A model as the loop calls it."""

    def __init__(
        self, name: str, embedder: Embedder, extractor: str, outputs: Sequence[str], *, published: bool
    ) -> None:
        model, encoder = embedder.runner.model, embedder.encoder
        self.name, self.extractor, self.outputs, self.device = name, extractor, tuple(outputs), encoder.device
        self.runner = embedder.runner
        # The projections of an aligned model cost nothing where nobody asks for them.
        self.call = embedder.runner.prepared(
            getattr(model, "audio_encoder", model) if set(outputs) <= {"pooler_output"} else model
        )
        # Encoders whose published code treats long inputs in a way of its own say so themselves.
        self.settings = getattr(encoder, "published_settings", {}) if published else {}
        self.longest = getattr(encoder, "window_frames", None)

    def __call__(self, windows: np.ndarray) -> list[torch.Tensor]:
        """Encode windows (windows, frames, ...): one row a window of every output."""
        images = torch.from_numpy(windows).to(self.device)
        settings = dict(self.settings)
        if self.longest is not None and images.shape[1] > self.longest:
            # As one window each: the model refuses what it would cut if it were not told.
            settings["window_frames"] = torch.full((len(images), 1), images.shape[1])
        with self.runner.mode(self.device):
            found = self.call(images, **settings)
        if missing := [name for name in self.outputs if found.get(name) is None]:
            raise ConfigurationError(
                f"{type(self.call).__name__} gives no {missing[0]}", where="outputs", remedy=f"it gives {list(found)}"
            )
        return [found[name] for name in self.outputs]


@torch.inference_mode()
def _encoded(
    passes: Sequence[_Pass], recordings: Sequence[_Cut], batch_size: int
) -> list[dict[str, dict[str, np.ndarray]]]:
    """Encode recordings together; windows of one shape share a forward pass."""
    rows: list[dict[str, dict[str, np.ndarray]]] = [{} for _ in recordings]
    for extractor in dict.fromkeys(one.extractor for one in passes):
        batches = _Batches([recording.features[extractor] for recording in recordings], batch_size)
        for one in passes:
            if one.extractor == extractor:
                for row, found in zip(rows, batches.rows(one), strict=True):
                    row[one.name] = found
    return rows


class _Batches:
    """Windows of several recordings, those of one shape together."""

    def __init__(self, recordings: Sequence[Features], batch_size: int) -> None:
        self.recordings = len(recordings)
        windows = [window for features in recordings for window in features.windows]
        members: dict[tuple[int, ...], list[int]] = {}
        for index, window in enumerate(windows):
            members.setdefault(window.shape, []).append(index)
        parts = [same[at : at + batch_size] for same in members.values() for at in range(0, len(same), batch_size)]
        self.batches = [np.stack([windows[index] for index in part]) for part in parts]
        order = [index for part in parts for index in part]
        owners = [owner for owner, features in enumerate(recordings) for _ in features.windows]
        seconds = [second for features in recordings for second in features.seconds]
        # In the order in which they come back. Single precision, as the extractor hands them to a model.
        self.weights = torch.tensor([seconds[index] for index in order])
        self.owners = torch.tensor([owners[index] for index in order])

    def rows(self, one: _Pass) -> list[dict[str, np.ndarray]]:
        """Of each recording, output -> (dim,) float32."""
        found = [one(batch) for batch in self.batches]
        rows: list[dict[str, np.ndarray]] = [{} for _ in range(self.recordings)]
        for position, name in enumerate(one.outputs):
            values = torch.cat([outputs[position] for outputs in found]) if len(found) > 1 else found[0][position]
            means = weighted_mean(values, self.weights, self.owners, self.recordings).float().cpu().numpy()
            for row, mean in zip(rows, means, strict=True):
                row[name] = mean
        return rows


def _expanded(recordings: Any) -> Iterable[Any]:
    """The recordings of a call: those of a folder in place of it, and one recording as a list of one."""
    if isinstance(recordings, (str, PathLike)) and Path(recordings).is_dir():
        return Cells(sources_of([Path(recordings)])[0])
    return [recordings] if isinstance(recordings, (str, bytes, PathLike, Mapping)) else recordings


def _load(model: Any, feature_extractor: Any) -> tuple[Any, Any]:
    """Return the model, and the extractor if it is known by then."""
    named = isinstance(model, (str, PathLike))
    if named and str(model).startswith("m2d:"):
        from ..models.adapter.m2d import load_m2d

        code, _, weights = str(model).removeprefix("m2d:").partition(",")
        return load_m2d(code, weights)
    if named and str(model) in presets() and not Path(model).exists():
        from ..models.adapter.convert_adapter import adapt

        return adapt(model, feature_extractor)
    if named:
        check_reachable(str(model))
    try:
        config = AutoConfig.from_pretrained(str(model)) if named else model.config
    except (OSError, ValueError):  # LoRA weights without a configuration, or AutoModel says better what is wrong
        config = None
    ours = isinstance(feature_extractor, WindowedFeatureExtractor)
    if type(config).__module__.startswith("transformers.") and not ours:
        from ..models.adapter.convert_adapter import adapt

        return adapt(model, feature_extractor)
    return AutoModel.from_pretrained(str(model)) if named else model, feature_extractor


def embed(
    model_or_id: PreTrainedModel | str | PathLike[str],
    recordings: Iterable[Any],
    *,
    batch_size: int = 32,
    protocol: str = "default",
    precision: Precision = "exact",
    device: torch.device | str | None = None,
    progress: bool = True,
    errors: Literal["raise", "skip"] = "raise",
) -> Any:
    """Embed recordings with any encoder of this package, or any audio encoder of transformers that `adapt` knows.

    Args:
        model_or_id: a model, a folder or a Hub id.
        recordings: paths, `{"array", "sampling_rate"}` mappings, or cells of a dataset's audio column; or one folder,
            or prepared dataset, whose recordings are embedded in the order of their names.
        batch_size: windows that share a forward pass.
        protocol: `default` covers the whole recording and weights windows by their seconds; `published` cuts and
            averages as the encoder's paper does; `published:NAME` as another paper does with this encoder.
        precision: `exact` is single precision, the same bits every time. `fast` runs the encoder in the quickest way
            whose rows have a cosine of .9999 or more to the exact ones: measured on this machine at the first call
            for a model, and kept; where no way will do, it is exact. For a thousand recordings or more, torch.compile
            and onnxruntime are tried, too. See `hf_auscult.embedding.precision`.
        device: where to run; the model's own by default.
        progress: show a bar.
        errors: `raise` at the first recording that cannot be used, or `skip` it.

    Returns:
        (recordings, dim) float32, row i for recording i; with `errors="skip"` an `Embeddings(array, paths, skipped)`
        that says which rows these are and why the others are missing. Silent recordings are embedded, with a warning.

    Raises:
        SamplingRateError: a bare array, which has no rate.
        AudioError: a recording that cannot be read or used; the message names it.

    Example:
        `hf_auscult.embed("auscult/acula-opera", ["heart.wav"]).shape`
    """
    number = 0
    if isinstance(recordings, Sequence) and not isinstance(recordings, (str, bytes)):
        number = len(recordings)
    return Embedder(model_or_id, device=device, precision=precision, recordings=number)(
        recordings, batch_size=batch_size, protocol=protocol, progress=progress, errors=errors
    )
