"""What a benchmark can evaluate: encoders, openSMILE, log-mel statistics, and embeddings made elsewhere."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import torch

from ..audio import Waveform, assess, read
from ..embedding.cache import RecordingEncoder
from ..embedding.embedder import Embedder
from ..embedding.precision import Precision, check_precision
from ..embedding.store import PROVENANCE, fingerprint_of, identity_of
from ..errors import ConfigurationError, DataError
from ..features import FRONT_ENDS
from ..features.logmel import band_statistics, log_mel
from ..features.spec import FrontEnd
from ..reports.generate import name_of
from .shortcuts import LEVEL


@dataclass(frozen=True, eq=False)
class EncoderModel:
    """Any encoder that :func:`hf_auscult.embed` accepts.

    Args:
        name: as tables print it.
        fingerprint: of weights, settings and front end.
        embedder: the encoder with its feature extractor.
        protocol: how recordings are cut and windows averaged.
        given: the folder or Hub id that it came from.
        output: of the model, one vector a recording.
    """

    name: str
    fingerprint: str
    embedder: Embedder
    protocol: str = "default"
    given: str = ""
    output: str = "pooler_output"

    @property
    def config(self) -> Any:
        """Of the whole model: it says where the weights come from."""
        return self.embedder.model.config

    def rows(self, examples: Iterable[tuple[str, Mapping[str, Any]]]) -> Iterable[np.ndarray]:
        """(dim,) of each recording."""
        audio = (cell for _, cell in examples)
        for row in self.embedder.rows(audio, protocol=self.protocol, outputs=(self.output,)):
            yield row[self.output]


@dataclass(frozen=True)
class LogMelStatistics:
    """Mean, standard deviation and 10th and 90th percentile over time of every band of a front end: no learning.

    Example:
        >>> LogMelStatistics("opera").name
        'log-mel statistics'
    """

    front_end: str = "opera"
    name: str = "log-mel statistics"

    @property
    def fingerprint(self) -> str:
        """Of the front end."""
        return fingerprint_of({"log-mel": repr(self._spec)})

    @property
    def _spec(self) -> FrontEnd:
        return FRONT_ENDS[self.front_end]

    def rows(self, examples: Iterable[tuple[str, Mapping[str, Any]]]) -> Iterable[np.ndarray]:
        """(4 * bands,) of the whole recording."""
        for _, audio in examples:
            waveform = read(audio, sampling_rate=self._spec.sampling_rate).array
            short = self._spec.n_fft - len(waveform)
            image = log_mel(torch.from_numpy(np.pad(waveform, (0, max(0, short))))[None], self._spec)[0].numpy()
            yield band_statistics(image).astype(np.float32)


@dataclass(frozen=True)
class RecordingLevel:
    """Duration (s), loudness (dBFS) and share of silence: the sound's level without its content."""

    name: str = "recording level"
    fingerprint: str = "quality-1"

    def rows(self, examples: Iterable[tuple[str, Mapping[str, Any]]]) -> Iterable[np.ndarray]:
        """(3,) in the order of :data:`~hf_auscult.evaluation.shortcuts.LEVEL`."""
        for _, audio in examples:
            waveform: Waveform = read(audio)
            quality = assess(waveform)
            measured = dict(
                duration=waveform.seconds, loudness=quality.loudness_dbfs, silence_ratio=quality.silence_ratio
            )
            yield np.array([measured[name] for name in LEVEL], np.float32)


@dataclass(frozen=True, eq=False)
class EmbeddingsFile:
    """Embeddings that ``hf-auscult embed`` or others wrote: Parquet with ``recording_id`` and ``embedding``.

    ``segment`` is there where a task has them. The metadata's ``provenance`` may name the model that made them.
    """

    name: str
    fingerprint: str
    table: Mapping[str, np.ndarray]
    given: str = ""
    made_by: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, path: Path) -> EmbeddingsFile:
        """Read the file.

        Raises:
            DataError: not Parquet, a column missing, or two rows of one recording.
        """
        try:
            if path.exists() and not path.is_file():
                raise OSError("a folder, a device or a pipe")
            with path.open("rb") as stream:
                table = pq.read_table(stream)
            content = table.to_pydict()
            made_by = json.loads((table.schema.metadata or {}).get(PROVENANCE, b"{}"))
            names = [str(name) for name in content["recording_id"]]
            vectors = [np.asarray(row, np.float32) for row in content["embedding"]]
        except (pa.ArrowException, OSError, KeyError, TypeError, ValueError) as error:
            raise DataError(
                f"not a file of embeddings ({error})", where=path, remedy="give columns recording_id and embedding"
            ) from error
        keys = [
            name_of({"recording_id": name, "segment": content.get("segment", [None] * len(names))[row]})
            for row, name in enumerate(names)
        ]
        if len(set(keys)) != len(keys):
            raise DataError("a recording has two rows", where=path, remedy="keep one row each")
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        return cls(path.stem, digest, dict(zip(keys, vectors, strict=True)), str(made_by.get("model", "")), made_by)

    def rows(self, examples: Iterable[tuple[str, Mapping[str, Any]]]) -> Iterable[np.ndarray]:
        """Look the rows up.

        Raises:
            DataError: a recording that the file lacks.
        """
        for key, _ in examples:
            if key not in self.table:
                raise DataError(f"no embedding of {key}", where=self.name, remedy="embed every recording of the task")
            yield self.table[key]


def find_encoder(model: Any, protocol: str = "default", precision: Precision = "exact") -> RecordingEncoder:
    """Find what a name stands for.

    Args:
        model: ``logmel`` or ``logmel:FRONT_END``; ``opensmile`` or ``opensmile:eGeMAPSv02``; a ``.parquet`` file of
            embeddings; a folder or Hub id of an encoder, or the encoder itself; or anything with a name, a
            fingerprint and rows.
        protocol, precision: how encoders cut and average windows, and compute, see :func:`hf_auscult.embed`.

    Raises:
        ConfigurationError: an unknown front end, feature set, protocol or precision.
        OSError: no such model.
    """
    check_precision(precision)
    if all(hasattr(model, name) for name in ("name", "fingerprint", "rows")):
        found: RecordingEncoder = model
        return found
    given = str(model) if isinstance(model, (str, os.PathLike)) else str(model.config._name_or_path)
    kind, _, variant = given.partition(":")
    if kind == "logmel":
        if variant and variant not in FRONT_ENDS:
            raise ConfigurationError(f"no front end {variant!r}", remedy=f"choose one of {', '.join(FRONT_ENDS)}")
        return LogMelStatistics(variant, f"log-mel statistics ({variant})") if variant else LogMelStatistics()
    if given.endswith(".parquet"):
        return EmbeddingsFile.of(Path(given))
    if kind == "opensmile":
        embedder, name = _opensmile(variant or "ComParE_2016"), f"openSMILE {variant or 'ComParE_2016'}"
    else:
        embedder = Embedder(given if isinstance(model, os.PathLike) else model, precision=precision)
        name = given.rstrip("/").rpartition("/")[2] or type(model).__name__
    embedder.feature_extractor.policy(protocol)  # an unknown protocol is refused before any work
    fingerprint = fingerprint_of(identity_of(embedder.encoder, embedder.feature_extractor, protocol, embedder.way))
    return EncoderModel(name, fingerprint, embedder, protocol, given)


def model_type_of(encoder: RecordingEncoder) -> str:
    """The model type of an encoder's configuration (``vggish``); empty for what has none."""
    return str(encoder.embedder.encoder.config.model_type) if isinstance(encoder, EncoderModel) else ""


def alignment_of(encoder: RecordingEncoder) -> dict[str, str]:
    """Teacher and objective of an encoder that was aligned with reports, and the reports' mask where it is recorded."""
    if not isinstance(encoder, EncoderModel):
        return {}
    config = encoder.embedder.encoder.config
    facts = {name: getattr(config, name, None) for name in ("teacher", "objective", "mask")}
    return {name: str(value) for name, value in facts.items() if value} if facts["teacher"] else {}


def _opensmile(feature_set: Any) -> Embedder:
    from ..features import OpenSmileFeatureExtractor
    from ..models.opensmile.configuration_opensmile import OpenSmileConfig
    from ..models.opensmile.modeling_opensmile import OpenSmileModel

    if feature_set not in ("ComParE_2016", "eGeMAPSv02"):
        raise ConfigurationError(f"no feature set {feature_set!r}", remedy="use ComParE_2016 or eGeMAPSv02")
    model = OpenSmileModel(OpenSmileConfig(feature_set=feature_set))
    return Embedder(model, OpenSmileFeatureExtractor(feature_set=feature_set))
