"""transformers' own feature extractors behind this package's windows, rates and protocols."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import transformers
from transformers.feature_extraction_utils import FeatureExtractionMixin

from ..audio import WindowPolicy
from ..errors import ConfigurationError
from .hear import HearFeatureExtractor
from .spec import FrontEnd
from .windowed import PublishedVariant, WindowedFeatureExtractor

#: How many samples an extractor keeps whole; the others have no limit.
LONGEST: dict[str, Callable[[Any], int]] = {
    "ASTFeatureExtractor": lambda native: (native.max_length * native.sampling_rate) // 100 + 399,
    "ClapFeatureExtractor": lambda native: native.nb_max_samples,
    "WhisperFeatureExtractor": lambda native: native.n_samples,
    "HearFeatureExtractor": lambda native: native.spec.samples,
}
#: Extractors whose features are (bands, frames).
BANDS_FIRST = ("WhisperFeatureExtractor",)
#: Extractors whose features are the waveform, (samples,).
WAVEFORMS = ("Wav2Vec2FeatureExtractor",)
# Of these, a longer window would be cropped at random, or refused.
_REFUSES_LONGER = ("ClapFeatureExtractor", "HearFeatureExtractor")


class NativeFeatureExtractor(WindowedFeatureExtractor):
    """Cut recordings into windows, each of which one of transformers' own extractors turns into features.

    Features are put time first, (frames, values), whatever the native layout; waveforms stay (samples,).

    Args:
        native: the extractor, or its mapping with `feature_extractor_type`.
        windows, published_windows, published_variants: see `WindowedFeatureExtractor`.
        real_frames: drop the frames of padding that the extractor puts behind a window (Qwen2.5-Omni; Whisper, whose
            encoder was trained with them, if one wants).
        kwargs: `rate_factor`, see `WindowedFeatureExtractor`.

    Raises:
        ConfigurationError: windows longer than the extractor can take, or `real_frames` of one that pads nothing.

    Example:
        >>> from transformers import Wav2Vec2FeatureExtractor
        >>> fe = NativeFeatureExtractor(Wav2Vec2FeatureExtractor(), WindowPolicy("sliding", seconds=1.0))
        >>> fe(np.zeros(20_000, np.float32), sampling_rate=16_000, return_tensors="pt")["input_features"].shape
        torch.Size([1, 32000])
    """

    def __init__(
        self,
        native: FeatureExtractionMixin | Mapping[str, Any],
        windows: WindowPolicy | Mapping[str, Any],
        published_windows: WindowPolicy | Mapping[str, Any] | None = None,
        published_variants: Mapping[str, PublishedVariant | Mapping[str, Any]] | None = None,
        real_frames: bool = False,
        **kwargs: Any,
    ) -> None:
        built: Any = _build(native) if isinstance(native, Mapping) else native
        self.native = built
        self.real_frames = real_frames
        # The base class stores these; they follow from the native extractor, so a saved copy is ignored.
        for name in ("feature_size", "sampling_rate"):
            kwargs.pop(name, None)
        super().__init__(
            built.feature_size,
            built.sampling_rate,
            windows,
            published_windows,
            published_variants,
            **kwargs,
        )
        if real_frames and type(built).__name__ not in BANDS_FIRST:
            raise ConfigurationError(
                f"{type(built).__name__} puts no frames of padding behind a window that its encoder could do without",
                where="real_frames",
                remedy="leave it out",
            )
        length, longest = self.windows.length(self.sampling_rate), self.longest
        if length is not None and longest is not None and length > longest:
            raise ConfigurationError(
                f"windows of {length} samples, of which {type(self.native).__name__} keeps {longest}",
                where="windows",
                remedy=f"use windows of at most {longest / self.sampling_rate:g} s",
            )

    @property
    def window_ndim(self) -> int:  # type: ignore[override]
        """Dimensions of a window's features."""
        return 1 if type(self.native).__name__ in WAVEFORMS else 2

    @property
    def longest(self) -> int | None:
        """How many samples of a window the native extractor keeps; `None` for all."""
        limit = LONGEST.get(type(self.native).__name__)
        return None if limit is None else limit(self.native)

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON-able settings that travel beside the weights."""
        return {**super().to_dict(), "native": self.native.to_dict()}

    def window_features(self, windows: np.ndarray, front_end: FrontEnd | None = None) -> np.ndarray:
        """Turn windows (B, samples) into the native extractor's features, time first (B, frames, values).

        Raises:
            ConfigurationError: a front end of this package, or windows that would be cropped at random.
        """
        if front_end is not None:
            raise ConfigurationError("a native extractor has its own front end", remedy="leave out front_end")
        name, longest = type(self.native).__name__, self.longest
        if longest is not None and windows.shape[1] > longest and name in _REFUSES_LONGER:
            raise ConfigurationError(
                f"{name} takes {longest} samples, got {windows.shape[1]}", remedy="use a policy with windows"
            )
        settings: dict[str, Any] = {"sampling_rate": self.sampling_rate, "return_tensors": "np"}
        frames = None
        if self.real_frames:
            # The frames whose first sample is sound, as the encoder's processor keeps; zeros follow the sound.
            hop = self.native.hop_length
            frames = -(-windows.shape[1] // hop)
            settings |= {"padding": "max_length", "max_length": hop * (frames - (-self.native.n_fft // hop))}
        state = np.random.get_state()  # CLAP's draws a number that is not used
        try:
            found = self.native(list(windows), **settings)
        finally:
            np.random.set_state(state)
        features = np.asarray(found[self.native.model_input_names[0]], dtype=np.float32)
        if name in BANDS_FIRST:  # (B, bands, frames)
            features = features.transpose(0, 2, 1)
        elif features.ndim == 4:  # (B, channels, frames, bands)
            features = features.transpose(0, 2, 1, 3).reshape(len(features), features.shape[2], -1)
        return np.ascontiguousarray(features if frames is None else features[:, :frames])


def _build(settings: Mapping[str, Any]) -> Any:
    """Return the extractor of a saved mapping.

    Raises:
        ConfigurationError: transformers has no such extractor.
    """
    name = str(settings.get("feature_extractor_type"))
    found = {"HearFeatureExtractor": HearFeatureExtractor}.get(name) or getattr(transformers, name, None)
    if found is None or not issubclass(found, FeatureExtractionMixin):
        raise ConfigurationError(
            f"transformers has no feature extractor {name!r}", remedy="save it with save_pretrained again"
        )
    return found(**settings)
