"""The one log-mel implementation: batched torch, equal to librosa's to float precision."""

from __future__ import annotations

from functools import lru_cache

import torch
from torchaudio.functional import melscale_fbanks

from .spec import FrontEnd


@lru_cache(maxsize=16)
def mel_bank(spec: FrontEnd) -> torch.Tensor:
    """Return the (n_fft // 2 + 1, n_mels) filter bank of a front end, float32 on CPU."""
    return melscale_fbanks(
        spec.n_fft // 2 + 1,
        f_min=float(spec.f_min),
        f_max=float(spec.f_max),
        n_mels=spec.n_mels,
        sample_rate=spec.sampling_rate,
        norm=spec.mel_norm,
        mel_scale=spec.mel_scale,
    )


def mel_power(waveforms: torch.Tensor, spec: FrontEnd) -> torch.Tensor:
    """Map waveforms (batch, samples) to mel power (batch, frames, n_mels), `frames = 1 + samples // hop_length`."""
    spectrum = torch.stft(
        waveforms,
        n_fft=spec.n_fft,
        hop_length=spec.hop_length,
        win_length=spec.win_length,
        window=torch.hann_window(spec.win_length, device=waveforms.device, dtype=waveforms.dtype),
        center=True,
        pad_mode=spec.pad_mode,
        return_complex=True,
    )
    power = spectrum.real.square() + spectrum.imag.square()
    return power.transpose(1, 2) @ mel_bank(spec).to(waveforms)


def log_mel(waveforms: torch.Tensor, spec: FrontEnd) -> torch.Tensor:
    """Turn waveforms into log-mel images.

    Decibels are relative to each image's own maximum and clipped `top_db` below it; `minmax` then maps each image to
    [0, 1]. An image without contrast (digital silence) stays at 0, as in the original code.

    Args:
        waveforms: (batch, samples) float32 at `spec.sampling_rate`.
        spec: the front end.

    Returns:
        (batch, frames, n_mels) float32.

    Example:
        >>> from hf_auscult.features import FRONT_ENDS
        >>> log_mel(torch.zeros(1, 16_000), FRONT_ENDS["opera"]).shape
        torch.Size([1, 32, 64])
    """
    power = mel_power(waveforms, spec)
    floor = torch.tensor(spec.amin, dtype=power.dtype, device=power.device)
    decibels = 10.0 * torch.log10(torch.maximum(power, floor))
    decibels = decibels - 10.0 * torch.log10(torch.maximum(power.amax(dim=(1, 2), keepdim=True), floor))
    if spec.top_db is not None:
        decibels = torch.maximum(decibels, decibels.amax(dim=(1, 2), keepdim=True) - spec.top_db)
    if spec.normalisation == "none":
        return decibels
    low, high = decibels.amin(dim=(1, 2), keepdim=True), decibels.amax(dim=(1, 2), keepdim=True)
    span = high - low
    return torch.where(span > 0, (decibels - low) / torch.where(span > 0, span, 1.0), decibels)
