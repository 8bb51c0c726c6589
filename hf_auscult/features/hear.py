"""HeAR's front end: mel-PCEN images of two seconds, batched torch."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import torch
from transformers.feature_extraction_sequence_utils import SequenceFeatureExtractor
from transformers.feature_extraction_utils import BatchFeature

from ..errors import ConfigurationError
from .logmel import mel_power
from .spec import FrontEnd


@dataclass(frozen=True)
class MelPCEN:
    """A mel-PCEN front end; the defaults are HeAR's.

    Per-channel energy normalisation (arXiv:1607.05666) divides the mel power E by its own smooth course M, with
    `M[t] = (1 - smoothing) M[t - 1] + smoothing E[t]` from `M[0] = E[0]`:
    `(E / (floor + M) ** alpha + delta) ** (1 / root) - delta ** (1 / root)`.

    Args:
        sampling_rate: rate of the waveforms, in Hz.
        samples: length of a window; shorter ones are zero-padded at the end, before anything else.
        win_length, hop_length: frames, in samples; the last ones reach into zeros behind the window.
        n_mels: mel bands from 0 Hz to half the rate, with slopes straight in mel.
        image_size: frames and bands the image is interpolated to (bilinear, pixel centres, no anti-aliasing).
        alpha, delta, root, smoothing, floor: of PCEN.
        scale_floor: keeps the scaling of silence finite.
        source: where the numbers come from.
    """

    sampling_rate: int = 16_000
    samples: int = 32_000
    win_length: int = 400
    hop_length: int = 160
    n_mels: int = 128
    image_size: tuple[int, int] = (192, 128)
    alpha: float = 0.8
    delta: float = 2.0
    root: float = 2.0
    smoothing: float = 0.04
    floor: float = 1e-8
    scale_floor: float = 1e-8
    source: str = "Google-Health/hear python/data_processing/audio_utils.py (2025), preprocess_audio"

    @property
    def mel(self) -> FrontEnd:
        """The mel power under the normalisation."""
        return _mel(self)


@lru_cache(maxsize=4)
def _mel(spec: MelPCEN) -> FrontEnd:
    return FrontEnd(
        name="hear",
        sampling_rate=spec.sampling_rate,
        n_fft=spec.win_length,
        win_length=spec.win_length,
        hop_length=spec.hop_length,
        n_mels=spec.n_mels,
        f_min=0.0,
        f_max=spec.sampling_rate / 2,
        centre=False,
        mel_scale="htk",
        mel_norm=None,
        mel_triangles="mel",
        normalisation="none",
        source=spec.source,
    )


def mel_pcen(waveforms: torch.Tensor, spec: MelPCEN = MelPCEN()) -> torch.Tensor:
    """Turn windows into HeAR's images.

    Each window is scaled by its own least and greatest sample to [-1, 1], as the original does with one clip; the
    original scales a batch of clips by the batch's, which would make an embedding depend on its neighbours.

    Args:
        waveforms: (batch, samples) float32, at most `spec.samples` long.
        spec: the front end.

    Returns:
        (batch, 1, frames, bands) float32.

    Example:
        >>> mel_pcen(torch.zeros(2, 32_000)).shape
        torch.Size([2, 1, 192, 128])
    """
    waveforms = torch.nn.functional.pad(waveforms.float(), (0, spec.samples - waveforms.shape[1]))
    waveforms = waveforms - waveforms.amin(dim=1, keepdim=True)
    waveforms = 2 * (waveforms / (waveforms.amax(dim=1, keepdim=True) + spec.scale_floor)) - 1
    # As many frames as hops: the last ones end in zeros.
    frames = -(-spec.samples // spec.hop_length)
    behind = (frames - 1) * spec.hop_length + spec.win_length - spec.samples
    power = mel_power(torch.nn.functional.pad(waveforms, (0, max(0, behind))), spec.mel)
    smooth = [power[:, 0]]
    for frame in power.unbind(dim=1)[1:]:
        smooth.append((1 - spec.smoothing) * smooth[-1] + spec.smoothing * frame)
    gain = (spec.floor + torch.stack(smooth, dim=1)) ** spec.alpha
    images = (power / gain + spec.delta) ** (1 / spec.root) - spec.delta ** (1 / spec.root)
    return torch.nn.functional.interpolate(images[:, None], size=spec.image_size, mode="bilinear", align_corners=False)


class HearFeatureExtractor(SequenceFeatureExtractor):
    """HeAR's preprocessing under the interface of transformers' own feature extractors, which lack it.

    Example:
        >>> HearFeatureExtractor()([np.zeros(32_000, np.float32)], sampling_rate=16_000)["pixel_values"].shape
        (1, 1, 192, 128)
    """

    model_input_names = ["pixel_values"]  # noqa: RUF012 - transformers reads it from the class

    def __init__(self, **kwargs: Any) -> None:
        self.spec = MelPCEN()
        for name in ("feature_size", "sampling_rate", "padding_value", "spec"):
            kwargs.pop(name, None)
        super().__init__(self.spec.n_mels, self.spec.sampling_rate, 0.0, **kwargs)

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON-able settings; the front end's are shown, and fixed."""
        return {**super().to_dict(), "spec": {**asdict(self.spec), "image_size": list(self.spec.image_size)}}

    def __call__(self, raw_speech: list[np.ndarray], sampling_rate: int, **kwargs: Any) -> BatchFeature:
        """Turn windows of one length, (samples,) each, into images.

        Raises:
            ConfigurationError: windows longer than two seconds, or at another rate.
        """
        windows = torch.from_numpy(np.stack(raw_speech))
        if sampling_rate != self.spec.sampling_rate or windows.shape[1] > self.spec.samples:
            raise ConfigurationError(
                f"{windows.shape[1]} samples at {sampling_rate} Hz",
                where="HeAR",
                remedy=f"use windows of at most {self.spec.samples} samples at {self.spec.sampling_rate} Hz",
            )
        return BatchFeature({"pixel_values": mel_pcen(windows, self.spec).numpy()})
