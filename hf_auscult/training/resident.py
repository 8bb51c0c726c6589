"""Images of all recordings on the accelerator: crops, filters and scaling are made there, and no loader is left."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from ..audio import Augmentation
from ..errors import ConfigurationError
from ..features import WindowedFeatureExtractor
from ..features.logmel import mel_bank
from ..features.spec import FrontEnd
from .collate import AlignmentCollator
from .dataset import AlignmentDataset, AlignmentExample, CropPolicy
from .spectrograms import Spectrograms

# Transforms that are a gain of every band; noise and peaks need the samples.
IN_BANDS = ("gain", "low_pass", "high_pass")


class ResidentImages:
    """Log-mel images of whole recordings, half precision, in one tensor on a device.

    100,000 recordings of 256 frames and 64 bands take 3.3 GB. A batch is what the extractor makes of the same crops of
    the samples, but for half precision, for the frames at a crop's ends (which see beyond them here, zeros there), and
    for filters, whose response is taken as one value a band. On noise with a body sound's spectrum images differ by
    2.5e-3 on average (8e-4 away from the ends), filtered ones by 2e-2 at most.

    Args:
        store: the images on disk.
        device: where they go.

    Raises:
        ConfigurationError: a front end whose images are not decibels scaled between their extremes.

    Example:
        `ResidentImages(store, "cuda").batch(rows, starts, 256)  # (B, 256, bands) on the GPU`
    """

    def __init__(self, store: Spectrograms, device: torch.device | str = "cpu") -> None:
        spec = store.front_end
        if spec.log != "db" or spec.normalisation != "minmax":
            raise ConfigurationError(
                f"front end {spec.name} is not in decibels between an image's extremes",
                remedy="train from samples on disk",
            )
        self.front_end = spec
        self.images = torch.from_numpy(np.array(store.images)).to(device)
        ends = torch.from_numpy(np.array(store.ends)).to(device)
        self.starts, self.lengths = torch.cat([ends.new_zeros(1), ends[:-1]]), ends.diff(prepend=ends.new_zeros(1))

    def __len__(self) -> int:
        return len(self.lengths)

    @property
    def nbytes(self) -> int:
        """Bytes on the device."""
        return self.images.nbytes

    def batch(
        self, rows: torch.Tensor, places: torch.Tensor, frames: int, gains: torch.Tensor | None = None
    ) -> torch.Tensor:
        """Return crops as the encoder reads them, (B, frames, bands) float32.

        Args:
            rows: (B,) recordings.
            places: (B,) values in [0, 1) that choose where each crop starts; short recordings repeat themselves.
            frames: length of a crop.
            gains: (B, bands) decibels that are added, see `band_gains`.
        """
        lengths = self.lengths[rows]
        first = ((lengths - frames).clamp(min=0) + 1) * places.to(self.images.device)
        index = first.long()[:, None] + torch.arange(frames, device=self.images.device)
        images = self.images[self.starts[rows][:, None] + index % lengths[:, None]].float()
        if gains is not None:
            images = images + gains[:, None, :]
        highest = images.amax(dim=(1, 2), keepdim=True)
        if self.front_end.top_db is not None:
            images = torch.maximum(images, highest - self.front_end.top_db)
        lowest = images.amin(dim=(1, 2), keepdim=True)
        span = highest - lowest
        return torch.where(span > 0, (images - lowest) / torch.where(span > 0, span, 1.0), 0.0)


class ResidentDataset(AlignmentDataset):
    """An `AlignmentDataset` whose recordings are images on a device: an item says where a crop starts, and its filter.

    Args:
        examples: recordings in the images' order; their waveforms are not read in training.
        images: on the device.
        crop: of the samples that a crop of the images stands for; random, short ones repeated.
        settings: `noise_size`, `augmentation` and `seed`, as of `AlignmentDataset`.

    Raises:
        ConfigurationError: another number of images, another crop, or an augmentation that needs samples.
    """

    def __init__(
        self, examples: Sequence[AlignmentExample], images: ResidentImages, crop: CropPolicy, **settings: Any
    ) -> None:
        super().__init__(examples, crop, sampling_rate=images.front_end.sampling_rate, **settings)
        if len(images) != len(self.examples):
            raise ConfigurationError(
                f"{len(images)} images of {len(self.examples)} recordings", remedy="leave out recordings below a frame"
            )
        if (crop.start, crop.padding) != ("random", "repeat"):
            raise ConfigurationError(
                f"resident images are cut at random and repeated, not {crop.start} and {crop.padding}",
                where="crop",
                remedy="train from samples on disk",
            )
        spec, groups = images.front_end, {example.group for example in self.examples}
        chosen = {group: self.augmentation_of(group) for group in groups}
        self.gains = {
            group: [np.asarray(gain, np.float32) for gain in band_gains(one, spec).values()]
            for group, one in chosen.items()
            if one is not None
        }
        self.still = np.zeros(spec.n_mels, np.float32)

    def heard(self, position: int, rng: np.random.Generator) -> dict[str, object]:
        """Return the recording, where its crop starts, and decibels that are added to its bands."""
        place, gains = rng.random(), self.gains.get(self.examples[position].group)
        gain = self.still if gains is None else gains[int(rng.integers(len(gains)))]
        return {"row": position, "place": place, "gain": gain}


class ResidentCollator(AlignmentCollator):
    """Cuts a batch out of the images, on their device; use it without worker processes.

    Args:
        extractor: the encoder's.
        images: on the device.
        frames: length of a crop.
    """

    def __init__(self, extractor: WindowedFeatureExtractor, images: ResidentImages, frames: int) -> None:
        super().__init__(extractor)
        self.resident, self.frames = images, frames

    def images(self, items: Sequence[dict[str, Any]]) -> torch.Tensor:
        """Return crops (B, frames, bands) on the images' device."""
        device = self.resident.images.device
        rows, places, gains = (np.stack([item[name] for item in items]) for name in ("row", "place", "gain"))
        return self.resident.batch(
            torch.from_numpy(rows).to(device),
            torch.from_numpy(places).float(),
            self.frames,
            torch.from_numpy(gains).to(device),
        )


def band_gains(augmentation: Augmentation, spec: FrontEnd) -> dict[str, np.ndarray]:
    """Return what each transform adds to every band, (bands,) decibels: |H(f)|^2 averaged over the band's triangle.

    Raises:
        ConfigurationError: a transform that is no gain of bands.

    Example:
        >>> from hf_auscult.features import FRONT_ENDS
        >>> gains = band_gains(Augmentation(transforms=("gain",)), FRONT_ENDS["heart"])["gain"]
        >>> gains.shape, float(gains[0])
        ((64,), 5.0)
    """
    unsuited = [name for name in augmentation.transforms if name not in IN_BANDS]
    if unsuited:
        raise ConfigurationError(
            f"{unsuited[0]} needs samples, the images are all that is resident",
            where="augmentation",
            remedy=f"use {', '.join(IN_BANDS)}, or train from samples on disk",
        )
    bank = mel_bank(spec).double().numpy()  # (frequencies, bands)
    impulse = np.zeros(2 * spec.sampling_rate, np.float32)
    impulse[spec.sampling_rate // 2] = 1.0  # filters start as if their first sample had always been there
    gains: dict[str, np.ndarray] = {}
    for name in augmentation.transforms:
        if name == "gain":
            gains[name] = np.full(spec.n_mels, augmentation.gain_db)
            continue
        response = augmentation.apply_one(name, impulse, spec.sampling_rate, np.random.default_rng(0))
        spectrum = np.abs(np.fft.rfft(response.astype(np.float64))) ** 2
        points = np.linspace(0, len(spectrum) - 1, len(bank))
        power = np.interp(points, np.arange(len(spectrum)), spectrum)
        gains[name] = 10 * np.log10((power @ bank) / bank.sum(axis=0).clip(min=1e-12) + 1e-12)
    return gains
