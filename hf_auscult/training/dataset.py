"""Audio-report pairs for alignment: which samples of a recording are seen, and which draw of its report."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import torch

from ..audio import Augmentation, fixed_length, repeat_pad
from ..data.guards import assert_no_reserved
from ..embedding.store import StoredEmbeddings
from ..errors import ConfigurationError, DataError, NonFiniteAudioError
from .waveforms import StoredWaveform

FloatArray = npt.NDArray[np.float32]
Index = tuple[int, int]  # epoch, position


@dataclass(frozen=True)
class CropPolicy:
    """What an encoder sees of a recording in one training step.

    Args:
        samples: length of the crop.
        start: `random` within the recording; `first` (AcuLa's released loader takes the first 131,000 samples).
        padding: what fills up a short recording: `repeat` its own sound, `zero` silence (AcuLa).
    """

    samples: int
    start: Literal["random", "first"] = "random"
    padding: Literal["repeat", "zero"] = "repeat"

    def apply(self, waveform: FloatArray | StoredWaveform, rng: np.random.Generator) -> FloatArray:
        """Return `samples` samples."""
        surplus = len(waveform) - self.samples
        if surplus <= 0:
            pad = repeat_pad if self.padding == "repeat" else fixed_length
            return pad(waveform[:], self.samples)
        offset = int(rng.integers(surplus + 1)) if self.start == "random" else 0
        return waveform[offset : offset + self.samples]


@dataclass(frozen=True, eq=False)
class AlignmentExample:
    """One recording with the teacher's reading of its reports.

    Args:
        waveform: (n,) float32 at the front end's rate, in memory or a `Waveforms`' row on disk.
        text_embeddings: (draws, text_size): one row a phrasing, in memory or as `Teacher.read` left them on disk;
            `None` for training without text.
        text_id: equal for equal facts, see the objective `multi_positive`.
        label: class index for label supervision, -100 for unknown.
        group: dataset name; batches hold one group only.
        subject_id: who is heard.
        domain: index of the device or site, for the adversary; -100 for unknown.
        facts: (F,) 1 where the report has a fact, over the facts of all examples (`objectives.fact_table`); graded
            positives of `multi_positive`.
    """

    waveform: FloatArray | StoredWaveform
    text_embeddings: FloatArray | StoredEmbeddings | None = None
    text_id: int = 0
    label: int = -100
    group: str = ""
    subject_id: str = ""
    domain: int = -100
    facts: FloatArray | None = None


class AlignmentDataset(torch.utils.data.Dataset[dict[str, object]]):
    """Map-style dataset over `(epoch, position)`: every draw follows from the seed, the epoch and the position.

    That is what makes a resumed run equal to one that was never interrupted, whatever the number of workers.

    Args:
        examples: the recordings.
        crop: what is seen of each.
        sampling_rate: rate of the waveforms, in Hz.
        noise_size: how many noise values the encoder's own objective takes a crop; 0 for none.
        augmentation: applied to the crop, one for all or by group; `None` for none.
        seed: of crops, augmentation, phrasing and masks.

    Raises:
        DataError: no examples.
        LeakageError: reserved test subjects among them.
    """

    def __init__(
        self,
        examples: Sequence[AlignmentExample],
        crop: CropPolicy,
        *,
        sampling_rate: int,
        noise_size: int = 0,
        augmentation: Augmentation | Mapping[str, Augmentation] | None = None,
        seed: int = 0,
    ) -> None:
        if not examples:
            raise DataError("no recordings to align", remedy="check the split and the quarantine list")
        for group in {example.group for example in examples}:
            known = [example.subject_id for example in examples if example.group == group and example.subject_id]
            assert_no_reserved(known, group)
        self.examples, self.crop, self.sampling_rate = list(examples), crop, sampling_rate
        self.noise_size, self.augmentation, self.seed = noise_size, augmentation, seed

    def __len__(self) -> int:
        return len(self.examples)

    def __getitem__(self, index: Index) -> dict[str, object]:
        epoch, position = index
        example = self.examples[position]
        rng = np.random.default_rng((self.seed, epoch, position))
        item = self.heard(position, rng)
        item |= {"label": example.label, "domain": example.domain, "text_id": example.text_id}
        # Before the text's draw, so that conditions with and without text hide the same patches.
        if self.noise_size:
            item["noise"] = rng.random(self.noise_size, dtype=np.float32)
        if example.text_embeddings is not None:
            vector = example.text_embeddings[rng.integers(len(example.text_embeddings))]
            if not np.isfinite(vector).all():
                raise DataError(
                    "the teacher's vector is NaN or infinite",
                    where=self._name(position),
                    remedy="embed the reports again, with dtype='float32'",
                )
            item["text_embedding"] = vector
        if example.facts is not None:
            item["facts"] = example.facts
        return item

    def heard(self, position: int, rng: np.random.Generator) -> dict[str, object]:
        """Return what the collator makes a recording's image of."""
        example = self.examples[position]
        waveform = self.crop.apply(example.waveform, rng)
        if not np.isfinite(waveform).all():
            raise NonFiniteAudioError(
                "samples are NaN or infinite", where=self._name(position), remedy="leave the recording out"
            )
        augmentation = self.augmentation_of(example.group)
        if augmentation is not None:
            waveform = augmentation.apply(waveform, self.sampling_rate, rng)
        return {"waveform": waveform}

    def augmentation_of(self, group: str) -> Augmentation | None:
        """Return what is applied to a group's crops."""
        chosen = self.augmentation
        return chosen.get(group) if isinstance(chosen, Mapping) else chosen

    def _name(self, position: int) -> str:
        example = self.examples[position]
        return f"training recording {position} ({example.group or 'no group'}, {example.subject_id or 'no subject'})"


class EpochSampler(torch.utils.data.Sampler[Index]):
    """Yields `(epoch, position)`, shuffled by seed and epoch, so that each global batch holds one group.

    Args:
        groups: group of every position.
        batch: global batch size (all processes); with several groups, tails that do not fill one are left for the next
            epoch's shuffle.
        seed: of the order.

    Raises:
        ConfigurationError: one of several groups does not fill a batch.
    """

    def __init__(self, groups: Sequence[str], batch: int, seed: int = 0) -> None:
        self.groups, self.batch, self.seed, self.epoch = np.asarray(groups), batch, seed, 0
        names, counts = np.unique(self.groups, return_counts=True)
        small = [f"{name} ({count})" for name, count in zip(names, counts, strict=True) if count < batch]
        # A single group's incomplete batch is the trainer's to drop; of several groups it would never be seen.
        if len(names) > 1 and small:
            raise ConfigurationError(
                f"too few recordings to fill a batch of {batch}: {', '.join(small)}",
                remedy="use a smaller batch, or leave that dataset out",
            )

    def set_epoch(self, epoch: int) -> None:
        """Choose the epoch; trainers call it."""
        self.epoch = epoch

    def __len__(self) -> int:
        names, counts = np.unique(self.groups, return_counts=True)
        return int(counts[0]) if len(names) == 1 else int((counts // self.batch * self.batch).sum())

    def __iter__(self) -> Iterator[Index]:
        rng = np.random.default_rng((self.seed, self.epoch))
        names = np.unique(self.groups)
        members = [rng.permutation(np.flatnonzero(self.groups == name)) for name in names]
        if len(names) == 1:
            order = members[0]
        else:
            chunks = [
                positions[start : start + self.batch]
                for positions in members
                for start in range(0, len(positions) - self.batch + 1, self.batch)
            ]
            order = np.concatenate([chunks[index] for index in rng.permutation(len(chunks))])
        return iter([(self.epoch, int(position)) for position in order])
