"""The one log-mel implementation: batched torch, equal to the originals to float precision."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np
import torch
from transformers.audio_utils import mel_filter_bank

from ..errors import library
from .spec import FRONT_ENDS, FrontEnd


@lru_cache(maxsize=16)
def mel_bank(spec: FrontEnd) -> torch.Tensor:
    """Return the (n_fft // 2 + 1, n_mels) filter bank of a front end, float32 on CPU."""
    rate = spec.mel_sampling_rate or spec.sampling_rate
    if spec.mel_triangles == "mel":
        # Slopes straight in mel; the bin at 0 Hz belongs to no band.
        bins = _htk_mel(torch.arange(spec.n_fft // 2 + 1, dtype=torch.float64) * rate / spec.n_fft)[:, None]
        low, high = _htk_mel(torch.tensor([spec.f_min, spec.f_max], dtype=torch.float64))
        edges = torch.linspace(float(low), float(high), spec.n_mels + 2, dtype=torch.float64)
        rising = (bins - edges[:-2]) / (edges[1:-1] - edges[:-2])
        falling = (edges[2:] - bins) / (edges[2:] - edges[1:-1])
        bank = torch.minimum(rising, falling).clamp(min=0)
        bank[0] = 0
        return bank.float()
    bank64 = mel_filter_bank(
        spec.n_fft // 2 + 1, spec.n_mels, spec.f_min, spec.f_max, rate, norm=spec.mel_norm, mel_scale=spec.mel_scale
    )
    return torch.from_numpy(bank64).float()


def band_centres(spec: FrontEnd) -> np.ndarray:
    """Return the frequency (n_mels,) in Hz at which each band weighs most.

    Example:
        >>> from hf_auscult.features import FRONT_ENDS
        >>> int(band_centres(FRONT_ENDS["opera"])[-1] / 100)
        76
    """
    rate = spec.mel_sampling_rate or spec.sampling_rate
    return mel_bank(spec).argmax(dim=0).double().numpy() * rate / spec.n_fft


def display_front_end(extractor: Any) -> FrontEnd:
    """Return the log-mel of whole recordings, for people and for band statistics: the extractor's own, or OPERA's."""
    own: FrontEnd | None = getattr(extractor, "front_end", None)
    return replace(own or FRONT_ENDS["opera"], sampling_rate=extractor.sampling_rate, num_frames=None)


def band_statistics(image: np.ndarray) -> np.ndarray:
    """Mean, standard deviation and 10th and 90th percentile over time of a log-mel image (frames, bands), (4 * bands,).

    Example:
        >>> band_statistics(np.ones((5, 2))).tolist()
        [1.0, 1.0, 0.0, 0.0, 1.0, 1.0, 1.0, 1.0]
    """
    return np.concatenate([image.mean(0), image.std(0), *np.percentile(image, (10, 90), axis=0)])


def _htk_mel(hertz: torch.Tensor) -> torch.Tensor:
    return 1127.0 * torch.log1p(hertz / 700.0)


def mel_power(waveforms: torch.Tensor, spec: FrontEnd) -> torch.Tensor:
    """Map waveforms (batch, samples) to mel power (batch, `spec.frames(samples)`, n_mels)."""
    if not spec.centre:
        # torch puts a window shorter than n_fft in the middle of its frame; the originals put it at the start.
        before = (spec.n_fft - spec.win_length) // 2
        waveforms = torch.nn.functional.pad(waveforms, (before, spec.n_fft - spec.win_length - before))
    spectrum = torch.stft(
        waveforms,
        n_fft=spec.n_fft,
        hop_length=spec.hop_length,
        win_length=spec.win_length,
        window=torch.hann_window(spec.win_length, device=waveforms.device, dtype=waveforms.dtype),
        center=spec.centre,
        pad_mode=spec.pad_mode,
        return_complex=True,
    )
    power = spectrum.real.square() + spectrum.imag.square()
    if spec.power != 2.0:
        power = power.pow(spec.power / 2)
    return power.transpose(1, 2) @ mel_bank(spec).to(waveforms)


def log_mel(waveforms: torch.Tensor, spec: FrontEnd) -> torch.Tensor:
    """Turn waveforms into log-mel images.

    Under `minmax` an image without contrast (digital silence) stays at 0, as in OPERA's code.

    Args:
        waveforms: (batch, samples) float32 at `spec.sampling_rate`, at least `spec.minimum_samples` long.
        spec: the front end.

    Returns:
        (batch, frames, n_mels) float32.

    Example:
        >>> from hf_auscult.features import FRONT_ENDS
        >>> log_mel(torch.zeros(1, 16_000), FRONT_ENDS["opera"]).shape
        torch.Size([1, 32, 64])
    """
    # Autocast would add up the bands in bfloat16, and the trainer's is around everything.
    with torch.autocast(waveforms.device.type, enabled=False):
        images = _kaldi(waveforms, spec) if spec.kind == "kaldi" else _logarithm(mel_power(waveforms, spec), spec)
    if spec.num_frames is not None:
        images = torch.nn.functional.pad(
            images[:, : spec.num_frames], (0, 0, 0, max(0, spec.num_frames - images.shape[1]))
        )
    if spec.normalisation == "standard":
        return (images - spec.mean) / (2 * spec.std)
    if spec.normalisation == "none":
        return images
    low, high = images.amin(dim=(1, 2), keepdim=True), images.amax(dim=(1, 2), keepdim=True)
    span = high - low
    return torch.where(span > 0, (images - low) / torch.where(span > 0, span, 1.0), images)


def _logarithm(power: torch.Tensor, spec: FrontEnd) -> torch.Tensor:
    if spec.log == "ln":
        return torch.log(power + spec.amin)
    floor = torch.tensor(spec.amin, dtype=power.dtype, device=power.device)
    decibels = 10.0 * torch.log10(torch.maximum(power, floor))
    if spec.reference == "max":
        decibels = decibels - 10.0 * torch.log10(torch.maximum(power.amax(dim=(1, 2), keepdim=True), floor))
    if spec.top_db is not None:
        decibels = torch.maximum(decibels, decibels.amax(dim=(1, 2), keepdim=True) - spec.top_db)
    return decibels


def _kaldi(waveforms: torch.Tensor, spec: FrontEnd) -> torch.Tensor:
    if spec.remove_mean:
        waveforms = waveforms - waveforms.mean(dim=1, keepdim=True)
    waveforms = waveforms * spec.scale
    kaldi = library("torchaudio.compliance.kaldi", "Kaldi's filter bank")
    images = [
        kaldi.fbank(
            waveform[None],
            htk_compat=True,
            sample_frequency=spec.sampling_rate,
            use_energy=False,
            window_type={"hann": "hanning"}.get(spec.window, spec.window),
            num_mel_bins=spec.n_mels,
            dither=0.0,
            frame_length=1000 * spec.win_length / spec.sampling_rate,
            frame_shift=1000 * spec.hop_length / spec.sampling_rate,
            low_freq=spec.f_min,
            high_freq=spec.f_max,
        )
        for waveform in waveforms
    ]
    return torch.stack(images)
