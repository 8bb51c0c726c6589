"""AcuLa's four augmentations, applied for real (the authors' released code defines them and never calls them)."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal, get_args

import numpy as np

from ..errors import ConfigurationError
from ._arrays import FloatArray, as_mono, check_rate

TransformName = Literal["gain", "normalise", "low_pass", "high_pass"]


@dataclass(frozen=True)
class Augmentation:
    """One of the chosen transforms, drawn at random for each sample.

    AcuLa (arXiv 2512.04847, training details; ``apply_random_augmentation`` in its code): louder by 5 dB, peak
    normalisation, low-pass at 300 Hz, high-pass at 3 kHz. The transforms are audiomentations' own.

    Args:
        gain_db: what ``gain`` adds, dB. The result may exceed full scale; it is not clipped.
        low_pass_hz: -3 dB point of ``low_pass``.
        high_pass_hz: -3 dB point of ``high_pass``.
        rolloff_db: steepness of both filters in dB per octave, a multiple of 6.
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
    transforms: tuple[TransformName, ...] = get_args(TransformName)

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
        if not np.isfinite(self.gain_db):
            raise ConfigurationError(f"gain_db is {self.gain_db}", where="Augmentation", remedy="give a finite number")
        for name in ("low_pass_hz", "high_pass_hz"):
            if not 0 < getattr(self, name) < np.inf:
                raise ConfigurationError(
                    f"{name} is {getattr(self, name)}", where="Augmentation", remedy="give a positive frequency in Hz"
                )
        if self.rolloff_db < 6 or self.rolloff_db % 6:
            raise ConfigurationError(
                f"rolloff_db is {self.rolloff_db}", where="Augmentation", remedy="give a multiple of 6, at least 6"
            )

    def check(self, sampling_rate: int) -> None:
        """Make sure that every transform can be applied at a rate; call it before a long run.

        Raises:
            ConfigurationError: a cutoff at or above half the sampling rate (audiomentations would silently move it).
            SamplingRateError: an absurd rate.
        """
        nyquist = check_rate(sampling_rate) / 2
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
        transform = self._transform(self.transforms[int(rng.integers(len(self.transforms)))])
        with _global_generators_kept():
            out: FloatArray = np.asarray(transform(samples=mono.copy(), sample_rate=int(sampling_rate)), np.float32)
        return out

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
