"""Front ends as data: what an encoder's log-mel images are made of, with the source of every number."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal

from ..errors import ConfigurationError


@dataclass(frozen=True)
class FrontEnd:
    """A log-mel front end.

    Args:
        name: short name, also the key in `FRONT_ENDS`.
        sampling_rate: rate of the waveforms, in Hz.
        n_fft, win_length, hop_length: sizes of the short-time Fourier transform, in samples (Hann, periodic, centred).
        n_mels, f_min, f_max: mel bands and their range in Hz.
        mel_scale, mel_norm: `slaney` or `htk` scale; `slaney` area normalisation or none.
        pad_mode: how the ends are padded for centring, `constant` or `reflect`.
        amin: floor of the power spectrum.
        top_db: decibels kept below each image's maximum; `None` keeps all.
        normalisation: `minmax` maps each image to [0, 1]; `none` leaves decibels relative to the maximum.
        source: where the numbers come from.

    Raises:
        ConfigurationError: sizes that contradict each other.

    Example:
        >>> FRONT_ENDS["opera"].frames(130_880)
        256
    """

    name: str
    sampling_rate: int
    n_fft: int
    win_length: int
    hop_length: int
    n_mels: int
    f_min: float
    f_max: float
    mel_scale: Literal["slaney", "htk"] = "slaney"
    mel_norm: Literal["slaney"] | None = "slaney"
    pad_mode: Literal["constant", "reflect"] = "constant"
    amin: float = 1e-10
    top_db: float | None = 80.0
    normalisation: Literal["minmax", "none"] = "minmax"
    source: str = ""

    def __post_init__(self) -> None:
        if not 0 <= self.f_min < self.f_max <= self.sampling_rate / 2:
            raise ConfigurationError(
                f"mel range {self.f_min}-{self.f_max} Hz does not fit {self.sampling_rate} Hz audio",
                where=f"front end {self.name}",
                remedy=f"keep 0 <= f_min < f_max <= {self.sampling_rate / 2:g}",
            )
        if not 0 < self.win_length <= self.n_fft or self.hop_length < 1 or self.n_mels < 1:
            raise ConfigurationError(
                f"win_length {self.win_length}, n_fft {self.n_fft}, hop_length {self.hop_length}, n_mels {self.n_mels}",
                where=f"front end {self.name}",
                remedy="keep 0 < win_length <= n_fft and the others positive",
            )

    def frames(self, samples: int) -> int:
        """Return how many frames a waveform of `samples` samples gives."""
        return 1 + samples // self.hop_length

    def samples(self, frames: int) -> int:
        """Return the shortest waveform, in samples, that gives `frames` frames."""
        return (frames - 1) * self.hop_length

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON-able mapping."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> FrontEnd:
        """Rebuild from `to_dict`; unknown keys are refused."""
        unknown = sorted(set(values) - {field.name for field in fields(cls)})
        if unknown:
            raise ConfigurationError(f"unknown keys {unknown}", where="front end", remedy="remove them")
        return cls(**values)

    @classmethod
    def of(cls, value: FrontEnd | str | Mapping[str, Any]) -> FrontEnd:
        """Return a front end from itself, its name in `FRONT_ENDS` or its mapping."""
        if isinstance(value, FrontEnd):
            return value
        if isinstance(value, Mapping):
            return cls.from_dict(value)
        if value not in FRONT_ENDS:
            raise ConfigurationError(f"unknown front end {value!r}", remedy=f"use one of {sorted(FRONT_ENDS)}")
        return FRONT_ENDS[value]


OPERA = FrontEnd(
    name="opera",
    sampling_rate=16_000,
    n_fft=1024,
    win_length=1024,
    hop_length=512,
    n_mels=64,
    f_min=50,
    f_max=8000,
    source="OPERA (arXiv:2406.16148), pre_process_audio_mel_t as every caller uses it; also AcuLa and AuscultaBase",
)

# Bands and rates that fit the organ: body sounds fill little of a 16 kHz spectrum.
HEART = FrontEnd(
    name="heart",
    sampling_rate=4_000,
    n_fft=256,
    win_length=200,
    hop_length=80,
    n_mels=64,
    f_min=25,
    f_max=1000,
    source="organ-matched front end: 4 kHz, 25-1000 Hz, 50 ms windows every 20 ms",
)

LUNG = FrontEnd(
    name="lung",
    sampling_rate=8_000,
    n_fft=512,
    win_length=400,
    hop_length=160,
    n_mels=64,
    f_min=60,
    f_max=2000,
    source="organ-matched front end: 8 kHz, 60-2000 Hz, 50 ms windows every 20 ms",
)

FRONT_ENDS: dict[str, FrontEnd] = {spec.name: spec for spec in (OPERA, HEART, LUNG)}
