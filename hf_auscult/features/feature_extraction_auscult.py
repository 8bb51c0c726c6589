"""The feature extractor of every log-mel encoder: the front end is data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch

from ..audio import WindowPolicy
from ..errors import ShortAudioError
from .logmel import log_mel
from .spec import FrontEnd
from .windowed import PublishedVariant, WindowedFeatureExtractor


class AuscultFeatureExtractor(WindowedFeatureExtractor):
    """Cut recordings into windows and turn each into a log-mel image (frames, mel bands).

    Args:
        front_end: a `FrontEnd`, its mapping, or a name in `FRONT_ENDS`.
        windows, published_windows, published_variants: see `WindowedFeatureExtractor`.

    Example:
        >>> fe = AuscultFeatureExtractor("opera", WindowPolicy("sliding", seconds=8.18))
        >>> fe(np.zeros(16_000, np.float32), sampling_rate=16_000, return_tensors="pt")["input_features"].shape
        torch.Size([1, 256, 64])
    """

    def __init__(
        self,
        front_end: FrontEnd | str | Mapping[str, Any] = "opera",
        windows: WindowPolicy | Mapping[str, Any] | None = None,
        published_windows: WindowPolicy | Mapping[str, Any] | None = None,
        published_variants: Mapping[str, PublishedVariant | Mapping[str, Any]] | None = None,
        **kwargs: Any,
    ) -> None:
        self.front_end = FrontEnd.of(front_end)
        # The base class stores these; they follow from the front end, so a saved copy is ignored.
        for name in ("feature_size", "sampling_rate"):
            kwargs.pop(name, None)
        super().__init__(
            self.front_end.n_mels,
            self.front_end.sampling_rate,
            windows or WindowPolicy("sliding", seconds=8.0),
            published_windows,
            published_variants,
            **kwargs,
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON-able settings that travel beside the weights."""
        return {**super().to_dict(), "front_end": self.front_end.to_dict()}

    def window_features(self, windows: np.ndarray, front_end: FrontEnd | None = None) -> np.ndarray:
        """Turn windows (B, samples) into images (B, frames, mel bands).

        Raises:
            ShortAudioError: windows too short for one frame.
        """
        spec = front_end or self.front_end
        if windows.shape[1] < spec.minimum_samples:
            raise ShortAudioError(
                f"{windows.shape[1]} samples are too short for {spec.name}",
                remedy="use the default protocol, or longer recordings",
            )
        with torch.autocast("cpu", enabled=False):  # features are what they are, wherever they are computed
            images: np.ndarray = log_mel(torch.from_numpy(windows), spec).numpy()
        return images
