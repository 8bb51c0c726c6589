"""openSMILE's functionals as features: the handcrafted baseline behind the same extractor interface."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import numpy as np

from ..audio import WindowPolicy
from ..errors import ConfigurationError, ShortAudioError
from .spec import FrontEnd
from .windowed import PublishedVariant, WindowedFeatureExtractor

#: Feature set -> how many functionals it has.
FEATURE_SETS = {"ComParE_2016": 6373, "eGeMAPSv02": 88}
# Below 60 ms, the frame of the pitch tracker, openSMILE returns nothing.
_SHORTEST_SECONDS = 0.06
# The greatest sample that openSMILE's conversion to 16 bits leaves positive: 1.0 itself would become -1.0.
_FULL_SCALE = 32_767 / 32_768


class OpenSmileFeatureExtractor(WindowedFeatureExtractor):
    """Describe each window, by default the whole recording, by openSMILE's functionals.

    Needs the package `opensmile` (extra `opensmile`), whose licence allows research only. Samples are clipped to just
    under 1.0, which openSMILE's own 16-bit conversion would turn into -1.0. Functionals that are not finite become 0,
    so that nothing downstream sees NaN; recordings under 60 ms are zero-padded to that by the window policy.

    Args:
        feature_set: `ComParE_2016` (6373 functionals, Interspeech 2016 challenge) or `eGeMAPSv02` (88,
            doi:10.1109/TAFFC.2015.2457417).
        windows, published_windows, published_variants: see `WindowedFeatureExtractor`; whole recordings by default.
        sampling_rate: recordings are resampled to it, in Hz.

    Raises:
        ConfigurationError: unknown feature set, or the package is missing.

    Example:
        `OpenSmileFeatureExtractor("eGeMAPSv02")(["lung.wav"])["input_features"].shape`  # (1, 88)
    """

    window_ndim = 1

    def __init__(
        self,
        feature_set: str = "ComParE_2016",
        windows: WindowPolicy | Mapping[str, Any] | None = None,
        published_windows: WindowPolicy | Mapping[str, Any] | None = None,
        published_variants: Mapping[str, PublishedVariant | Mapping[str, Any]] | None = None,
        sampling_rate: int = 16_000,
        **kwargs: Any,
    ) -> None:
        if feature_set not in FEATURE_SETS:
            raise ConfigurationError(
                f"unknown feature set {feature_set!r}",
                where="openSMILE",
                remedy=f"use one of {', '.join(FEATURE_SETS)}",
            )
        self.feature_set = feature_set
        kwargs.pop("feature_size", None)
        whole = WindowPolicy("whole", minimum_samples=int(np.ceil(_SHORTEST_SECONDS * sampling_rate)))
        super().__init__(
            FEATURE_SETS[feature_set],
            sampling_rate,
            windows or whole,
            published_windows or whole,
            published_variants,
            **kwargs,
        )

    def window_features(self, windows: np.ndarray, front_end: FrontEnd | None = None) -> np.ndarray:
        """Turn windows (B, samples) into functionals (B, 6373 or 88); rows hold those of their windows end to end.

        Raises:
            ShortAudioError: windows under 60 ms.
            ConfigurationError: a front end of this package, or `opensmile` is missing.
        """
        if front_end is not None:
            raise ConfigurationError("openSMILE has its own front end", remedy="leave out front_end")
        if windows.shape[1] < _SHORTEST_SECONDS * self.sampling_rate:
            raise ShortAudioError(
                f"{windows.shape[1]} samples at {self.sampling_rate} Hz are too short for openSMILE",
                remedy="set minimum_samples in the window policy to 60 ms",
            )
        smile = _smile(self.feature_set)
        clipped = np.clip(windows, -1.0, _FULL_SCALE).astype(np.float32)
        rows = [smile(window, self.sampling_rate).reshape(self.feature_size) for window in clipped]
        features = np.stack(rows).astype(np.float32)
        return np.where(np.isfinite(features), features, np.float32(0))


@lru_cache(maxsize=2)
def _smile(feature_set: str) -> Any:
    try:
        import opensmile
    except ImportError as error:
        raise ConfigurationError(
            "the package opensmile is not installed", remedy="pip install 'hf-auscult[opensmile]'"
        ) from error
    return opensmile.Smile(
        feature_set=opensmile.FeatureSet[feature_set], feature_level=opensmile.FeatureLevel.Functionals
    )
