"""Augmentation of samples: AcuLa's four transforms, and filters and noise that fit an organ."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal, get_args

import numpy as np

from ..errors import ConfigurationError
from ._arrays import FloatArray, as_mono, check_rate

TransformName = Literal["gain", "normalise", "low_pass", "high_pass", "noise"]
ACULA: tuple[TransformName, ...] = ("gain", "normalise", "low_pass", "high_pass")


# Organ -> -3 dB points, Hz, inside of which lies most of what is listened for; both filters lose 6 dB an octave.
ORGAN_BANDS: Mapping[str, tuple[float, float]] = {
    "heart": (60.0, 500.0),  # murmurs: 20-600 Hz
    "lung": (150.0, 1_000.0),  # wheezes and crackles: 100-2,000 Hz
    "breath": (150.0, 1_500.0),
    "bowel": (100.0, 800.0),
    "other": (200.0, 1_800.0),  # coughs and voices
}


@dataclass(frozen=True)
class Augmentation:
    """One of the chosen transforms, drawn at random for each sample.

    AcuLa (arXiv 2512.04847, training details; ``apply_random_augmentation`` in its code, which defines them and never
    calls them): louder by 5 dB, peak normalisation, low-pass at 300 Hz, high-pass at 3 kHz. `published` has them as
    that code makes them, `for_organ` what suits an organ. The transforms are audiomentations' own.

    Args:
        gain_db: what ``gain`` adds, dB. The result may exceed full scale; it is not clipped.
        low_pass_hz: -3 dB point of ``low_pass``.
        high_pass_hz: -3 dB point of ``high_pass``.
        rolloff_db: steepness of both filters in dB per octave, a multiple of 6.
        design_rate: sampling rate that the filters are made for, whatever the recording's: then they are AugLy's, of
            first order (RC); `None` for the recording's own.
        noise_db: level of ``noise``, white, below the recording's own, dB.
        transforms: what is drawn from, each with equal chance.

    Raises:
        ConfigurationError: an unknown transform, none at all, or a value out of range.

    Example:
        >>> louder = Augmentation(transforms=("gain",))
        >>> louder.apply(np.full(2, 0.1, np.float32), 16_000, np.random.default_rng(0))
        array([0.17782794, 0.17782794], dtype=float32)
    """

    gain_db: float = 5.0
    low_pass_hz: float = 300.0
    high_pass_hz: float = 3_000.0
    rolloff_db: int = 12
    design_rate: int | None = None
    noise_db: float = 20.0
    transforms: tuple[TransformName, ...] = ACULA

    def __post_init__(self) -> None:
        object.__setattr__(self, "transforms", tuple(self.transforms))  # JSON gives a list
        if unknown := sorted(set(self.transforms) - set(get_args(TransformName))):
            raise ConfigurationError(
                f"unknown transforms {unknown}",
                where="Augmentation",
                remedy=f"use {', '.join(get_args(TransformName))}",
            )
        if not self.transforms or len(set(self.transforms)) < len(self.transforms):
            raise ConfigurationError(
                "transforms must name at least one transform, each once",
                where="Augmentation",
                remedy="correct the list",
            )
        for name in ("gain_db", "noise_db"):
            if not np.isfinite(getattr(self, name)):
                raise ConfigurationError(
                    f"{name} is {getattr(self, name)}", where="Augmentation", remedy="give a finite number"
                )
        for name in ("low_pass_hz", "high_pass_hz", "design_rate"):
            value = getattr(self, name)
            if value is not None and not 0 < value < np.inf:
                raise ConfigurationError(
                    f"{name} is {value}", where="Augmentation", remedy="give a positive frequency in Hz"
                )
        if self.rolloff_db < 6 or self.rolloff_db % 6:
            raise ConfigurationError(
                f"rolloff_db is {self.rolloff_db}", where="Augmentation", remedy="give a multiple of 6, at least 6"
            )

    @classmethod
    def published(cls) -> Augmentation:
        """Return AcuLa's four as its code makes them: the filters never hear of the recordings' 16 kHz.

        AugLy takes 44.1 kHz then, so that a low-pass of 300 Hz has its -3 dB point at 107 Hz, and a high-pass of 3 kHz
        at 1,459 Hz.
        """
        return cls(design_rate=44_100, rolloff_db=6)

    @classmethod
    def for_organ(cls, organ: str) -> Augmentation:
        """Return gentle filters at the ends of an organ's band, and noise: what another stethoscope or room does.

        Level and peak are left out: encoders that read images scaled between their extremes do not see them.
        """
        low, high = ORGAN_BANDS.get(organ, ORGAN_BANDS["other"])
        return cls(low_pass_hz=high, high_pass_hz=low, rolloff_db=6, transforms=("low_pass", "high_pass", "noise"))

    def check(self, sampling_rate: int) -> None:
        """Make sure that every transform can be applied at a rate; call it before a long run.

        Raises:
            ConfigurationError: a cutoff at or above half the sampling rate (audiomentations would silently move it).
            SamplingRateError: an absurd rate.
        """
        nyquist = (self.design_rate or check_rate(sampling_rate)) / 2
        for name, cutoff in (("low_pass", self.low_pass_hz), ("high_pass", self.high_pass_hz)):
            if name in self.transforms and cutoff >= nyquist:
                raise ConfigurationError(
                    f"{name} at {cutoff:g} Hz is not below half of {sampling_rate} Hz",
                    where="Augmentation",
                    remedy=f'drop "{name}" from transforms, or lower {name}_hz',
                )

    def apply(self, array: FloatArray, sampling_rate: int, rng: np.random.Generator) -> FloatArray:
        """Augment one sample; the same generator state gives the same bits.

        Args:
            array: mono samples ``(n,)``; not changed.
            sampling_rate: Hz.
            rng: decides which transform is taken, and nothing else does; Python's and numpy's global generators are
                left as they were.

        Returns:
            float32 ``(n,)``.

        Raises:
            AudioError: samples that are not a finite, non-empty 1-D array.
            ConfigurationError: a filter that cannot be applied at this rate, whether or not it is drawn.

        Example:
            >>> Augmentation().apply(np.ones(16_000, np.float32), 16_000, np.random.default_rng(3)).shape
            (16000,)
        """
        self.check(sampling_rate)
        mono = as_mono(array)
        return self.apply_one(self.transforms[int(rng.integers(len(self.transforms)))], mono, sampling_rate, rng)

    def apply_one(
        self, name: TransformName, mono: FloatArray, sampling_rate: int, rng: np.random.Generator
    ) -> FloatArray:
        """Apply one transform to mono samples; `rng` is of the noise."""
        if name == "noise":
            level = float(np.sqrt(np.mean(np.square(mono, dtype=np.float64)))) * 10 ** (-self.noise_db / 20)
            return mono + np.float32(level) * rng.standard_normal(len(mono), dtype=np.float32)
        if self.design_rate is not None and name in ("low_pass", "high_pass"):
            return self._first_order(name, mono)
        transform = self._transform(name)
        with _global_generators_kept():
            out: FloatArray = np.asarray(transform(samples=mono.copy(), sample_rate=int(sampling_rate)), np.float32)
        return out

    def _first_order(self, name: TransformName, mono: FloatArray) -> FloatArray:
        """Filter by a resistor and a capacitor."""
        from scipy.signal import lfilter  # training alone needs it

        assert self.design_rate is not None
        cutoff = self.low_pass_hz if name == "low_pass" else self.high_pass_hz
        ratio = self.design_rate / (2 * np.pi * cutoff)
        if name == "low_pass":
            share = 1 / (1 + ratio)
            numerator, denominator = [share], [1, share - 1]
        else:
            share = ratio / (1 + ratio)
            numerator, denominator = [share, -share], [1, -share]
        return np.asarray(lfilter(numerator, denominator, mono), np.float32)

    def _transform(self, name: TransformName) -> Any:
        """Build an audiomentations transform whose every random range is a single point."""
        import audiomentations  # imports librosa and numba: seconds, and only training needs it

        slope = {"min_rolloff": self.rolloff_db, "max_rolloff": self.rolloff_db, "p": 1.0}
        if name == "gain":
            return audiomentations.Gain(min_gain_db=self.gain_db, max_gain_db=self.gain_db, p=1.0)
        if name == "normalise":
            return audiomentations.Normalize(p=1.0)
        if name == "low_pass":
            return audiomentations.LowPassFilter(self.low_pass_hz, self.low_pass_hz, **slope)
        return audiomentations.HighPassFilter(self.high_pass_hz, self.high_pass_hz, **slope)

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON; :meth:`from_dict` is the inverse."""
        return {**asdict(self), "transforms": list(self.transforms)}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Augmentation:
        """Rebuild an augmentation.

        Raises:
            ConfigurationError: unknown keys or values out of range.

        Example:
            >>> Augmentation.from_dict({"transforms": ["gain"]}).transforms
            ('gain',)
        """
        known = {field.name for field in fields(cls)}
        if unknown := sorted(set(values) - known):
            raise ConfigurationError(
                f"unknown keys {unknown}", where="Augmentation", remedy=f"use {', '.join(sorted(known))}"
            )
        return cls(**values)


@contextmanager
def _global_generators_kept() -> Iterator[None]:
    """Undo what audiomentations draws from the global generators even for ranges of one point."""
    python, legacy = random.getstate(), np.random.get_state()
    try:
        yield
    finally:
        random.setstate(python)
        np.random.set_state(legacy)
