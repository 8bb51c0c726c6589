"""Log-mel images of whole recordings on disk, memory-mapped: what pre-training crops its views from.

Images are stored before they are made relative to their maximum and scaled, so that a crop is what the feature
extractor would have made of that part of the recording alone, up to the frames at its edges and half precision.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np
import torch

from ..data.guards import assert_no_reserved
from ..errors import DataError
from ..features.logmel import log_mel
from ..features.spec import FrontEnd
from ..files import new_folder, to_json, write_json

IMAGES, INDEX = "images.f16", "index.json"
COLUMNS = ("sources", "people", "splits", "names", "organs")


@dataclass(frozen=True, eq=False)
class TrainingRecording:
    """One recording that may be learned from.

    Args:
        waveform: (n,) float32 at the front end's rate.
        source: its dataset.
        person: who is heard.
        split: `train` or `validation`.
        recording_id: its name in the dataset.
        organ: what is heard; of a dataset with several kinds of sound, each is a source of its own.
        ids: every id of the person.
    """

    waveform: np.ndarray
    source: str
    person: str
    split: str
    recording_id: str
    organ: str = ""
    ids: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Spectrograms:
    """Log-mel images of recordings, one behind the other.

    Args:
        images: (frames of all recordings, bands) half precision, memory-mapped.
        ends: (recordings,) frame behind each one's last.
        sources, people, splits, names, organs: of each recording.
        front_end: of the images; how crops are scaled.
        key: what they were made of, see `write`.

    Example:
        >>> spec = FrontEnd("toy", 1000, 64, 64, 32, 8, 0, 500)
        >>> wave = np.random.default_rng(0).standard_normal(3200).astype(np.float32)
        >>> import tempfile
        >>> folder = Path(tempfile.mkdtemp()) / "images"
        >>> store = Spectrograms.write(folder, [TrainingRecording(wave, "toy", "a", "train", "1")], spec)
        >>> store.frames(0), store.crop(0, 10, 20).shape, float(store.crop(0, 10, 20).max())
        (101, (20, 8), 1.0)
    """

    images: np.ndarray
    ends: np.ndarray
    sources: tuple[str, ...]
    people: tuple[str, ...]
    splits: tuple[str, ...]
    names: tuple[str, ...]
    organs: tuple[str, ...]
    front_end: FrontEnd
    key: str = ""

    def __len__(self) -> int:
        return len(self.ends)

    @property
    def groups(self) -> list[str]:
        """What a batch is of: a recording's dataset, or `dataset/organ` where a dataset has several."""
        organs: dict[str, set[str]] = {}
        for source, organ in zip(self.sources, self.organs, strict=True):
            organs.setdefault(source, set()).add(organ)
        pairs = zip(self.sources, self.organs, strict=True)
        return [f"{source}/{organ}" if len(organs[source]) > 1 else source for source, organ in pairs]

    def rows(self, split: str) -> np.ndarray:
        """Return the positions of a split's recordings."""
        return np.flatnonzero(np.asarray(self.splits) == split)

    def frames(self, row: int) -> int:
        """Return how many frames a recording has."""
        return int(self.ends[row] - (self.ends[row - 1] if row else 0))

    def raw(self, row: int, start: int = 0, size: int | None = None) -> np.ndarray:
        """Return frames (size, bands) of a recording as they are stored, in float32."""
        first, end = int(self.ends[row]) - self.frames(row), int(self.ends[row])
        last = end if size is None else min(first + start + size, end)
        return np.asarray(self.images[first + start : last], dtype=np.float32)

    def crop(
        self, row: int, start: int = 0, size: int | None = None, scale: Literal["crop", "recording"] = "crop"
    ) -> np.ndarray:
        """Return frames (size, bands) as the encoder reads them.

        Args:
            row: of the recording.
            start, size: which frames; all behind `start` without a size.
            scale: decibels are relative to the maximum of the `crop`, as the extractor has it, or of the whole
                `recording`, from whose image OPERA cuts.
        """
        part = self.raw(row, start, size)
        return scaled(part, self.front_end, part if scale == "crop" else self.raw(row))

    @classmethod
    def write(
        cls, folder: str | Path, recordings: Iterable[TrainingRecording], front_end: FrontEnd, *, key: str = ""
    ) -> Spectrograms:
        """Compute and write the images of recordings, one at a time, and open them.

        Args:
            folder: new.
            recordings: of training and validation people; recordings too short for a frame are left out.
            front_end: of the images.
            key: of what they were made of: splits and sounds.

        Raises:
            DataError: no recordings.
            LeakageError: a reserved person among them.
        """
        spec = absolute(front_end)
        index: dict[str, list[str]] = {name: [] for name in COLUMNS}
        ends: list[int] = []
        with new_folder(folder) as part:
            with (part / IMAGES).open("wb") as stream:
                for recording in recordings:
                    if len(recording.waveform) < spec.minimum_samples:
                        continue
                    assert_no_reserved([recording.person, *recording.ids], recording.source)
                    image = log_mel(torch.from_numpy(recording.waveform)[None], spec)[0].half().numpy()
                    stream.write(image.tobytes())
                    ends.append(len(image) + (ends[-1] if ends else 0))
                    values = (recording.source, recording.person, recording.split, recording.recording_id)
                    for column, value in zip(index.values(), (*values, recording.organ), strict=True):
                        column.append(value)
            if not ends:
                raise DataError("no recordings to train on", remedy="check the splits and the people left out")
            write_json(part / INDEX, {"key": key, "front_end": front_end.to_dict(), "ends": ends, **index})
        return cls.open(folder)

    @classmethod
    def open(cls, folder: str | Path) -> Spectrograms:
        """Open what `write` wrote."""
        index = json.loads((Path(folder) / INDEX).read_text("utf-8"))
        spec = FrontEnd.from_dict(index["front_end"])
        ends = np.asarray(index["ends"], dtype=np.int64)
        images = np.memmap(Path(folder) / IMAGES, np.float16, "r", shape=(int(ends[-1]), spec.n_mels))
        columns = {name: tuple(index[name]) for name in COLUMNS}
        return cls(images, ends, front_end=spec, key=index["key"], **columns)

    @property
    def zero(self) -> float:
        """What the front end makes of the zeros that fill up an image: it may scale what it has filled."""
        return -self.front_end.mean / (2 * self.front_end.std) if self.front_end.normalisation == "standard" else 0.0

    def sha256(self) -> str:
        """Identify what is learned from: what the images were made of, who is heard where, every recording's length."""
        members = [self.key, self.ends.tolist(), self.sources, self.people, self.splits, self.names, self.front_end]
        return hashlib.sha256(to_json(members).encode()).hexdigest()


def absolute(spec: FrontEnd) -> FrontEnd:
    """Return a front end whose images can be cut before they are scaled."""
    return replace(spec, reference="one", top_db=None, normalisation="none", num_frames=None)


def scaled(image: np.ndarray, spec: FrontEnd, whole: np.ndarray) -> np.ndarray:
    """Scale an image of `absolute(spec)` as `spec` has it, with the extremes of `whole`."""
    highest = float(whole.max())
    if spec.top_db is not None:
        image, whole = np.maximum(image, highest - spec.top_db), np.maximum(whole, highest - spec.top_db)
    if spec.normalisation == "standard":
        return (image - np.float32(spec.mean)) / np.float32(2 * spec.std)
    if spec.normalisation == "none":
        return image - np.float32(highest) if spec.log == "db" and spec.reference == "max" else image
    lowest = float(whole.min())
    if highest <= lowest:
        return np.zeros_like(image)
    return (image - np.float32(lowest)) / np.float32(highest - lowest)


def fitted(image: np.ndarray, size: int, padding: Literal["repeat", "zero"], zero: float = 0.0) -> np.ndarray:
    """Lengthen (frames, bands) to `size` frames: by its own repetition, or with `zero` at the end."""
    short = size - len(image)
    if short <= 0:
        return image[:size]
    if padding == "zero":
        return np.pad(image, ((0, short), (0, 0)), constant_values=zero)
    return np.resize(image, (size, image.shape[1]))
