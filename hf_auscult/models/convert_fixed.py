"""Tensors that original checkpoints carry although the architecture computes them: STFT kernels and mel banks.

Our front ends compute spectra outside the network, so converters compare these with what they should be, and drop them.
"""

from __future__ import annotations

import numpy as np
import torch

from ..features import FrontEnd, mel_bank
from .convert_checkpoint import StateDict, check_fixed

STFT_KEYS = ("spectrogram_extractor.stft.conv_real.weight", "spectrogram_extractor.stft.conv_imag.weight")
MEL_KEY = "logmel_extractor.melW"


def stft_kernels(n_fft: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Return torchlibrosa's real and imaginary Fourier kernels (Hann window), (bins, 1, n_fft)."""
    bins, samples = np.arange(n_fft // 2 + 1)[:, None], np.arange(n_fft)[None]
    window = 0.5 - 0.5 * np.cos(2 * np.pi * samples / n_fft)
    kernels = np.exp(-2j * np.pi * (bins * samples % n_fft) / n_fft) * window
    real, imaginary = (torch.from_numpy(part.astype(np.float32))[:, None] for part in (kernels.real, kernels.imag))
    return real, imaginary


def drop_front_end(state: StateDict, front_end: FrontEnd, where: str, prefix: str = "") -> StateDict:
    """Return a state dict without torchlibrosa's front end, after comparing it with `front_end`.

    Raises:
        ConversionError: kernels or mel bank of another front end.
    """
    computed = dict(zip(STFT_KEYS, stft_kernels(front_end.n_fft), strict=True)) | {MEL_KEY: mel_bank(front_end)}
    computed = {prefix + key: value for key, value in computed.items()}
    check_fixed({key: value for key, value in state.items() if key in computed}, computed, where)
    return {key: value for key, value in state.items() if key not in computed}
