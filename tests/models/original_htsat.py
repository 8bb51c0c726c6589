"""HTS-AT's state dict as its authors' code makes it, built here from one of our models, fixed tensors included."""

from __future__ import annotations

import librosa
import numpy as np
import torch

from hf_auscult.models.convert_checkpoint import StateDict


def original_htsat(ours: StateDict, encoder: str, batch_norm: str, prefix: str) -> StateDict:
    """Rename `ClapAudioModel`'s tensors back; add the shift masks, the front end and the unused classifier.

    Args:
        ours: our state dict; tensors outside `encoder` and `batch_norm` are left out.
        encoder, batch_norm: our names, with the last dot.
        prefix: of the original names.
    """
    found: StateDict = {}
    for key, value in ours.items():
        if key.startswith(batch_norm):
            found[prefix + key.replace(batch_norm, "bn0.")] = value
        elif key.startswith(encoder) and not any(f".self.{part}." in key for part in ("query", "key", "value")):
            name = key.removeprefix(encoder).replace("layernorm_before", "norm1").replace("layernorm_after", "norm2")
            name = name.replace("attention.output.dense", "attn.proj").replace("attention.self", "attn")
            name = name.replace("intermediate.dense", "mlp.fc1").replace("output.dense", "mlp.fc2")
            found[prefix + name] = value
        elif key.startswith(encoder) and ".self.query." in key:
            name = key.removeprefix(encoder).replace("attention.self.query", "attn.qkv")
            parts = [ours[key.replace(".query.", f".{part}.")] for part in ("query", "key", "value")]
            found[prefix + name] = torch.cat(parts)
    for stage, blocks in ((0, (1,)), (1, (1,)), (2, (1, 3, 5))):
        for block in blocks:
            found[f"{prefix}layers.{stage}.blocks.{block}.attn_mask"] = shift_mask(64 // 2**stage)
    angle = -2 * np.pi * np.outer(np.arange(513), np.arange(1024)) / 1024
    kernel = np.exp(1j * angle) * librosa.filters.get_window("hann", 1024)
    for name, part in (("real", kernel.real), ("imag", kernel.imag)):
        found[f"{prefix}spectrogram_extractor.stft.conv_{name}.weight"] = torch.from_numpy(part).float()[:, None]
    mel = librosa.filters.mel(sr=32_000, n_fft=1024, n_mels=64, fmin=50, fmax=14_000)
    found[f"{prefix}logmel_extractor.melW"] = torch.from_numpy(mel.T.copy())
    found[f"{prefix}tscam_conv.weight"] = torch.zeros(527, 768, 2, 3)
    found[f"{prefix}tscam_conv.bias"] = torch.zeros(527)
    found[f"{prefix}head.weight"] = torch.zeros(527, 527)
    found[f"{prefix}head.bias"] = torch.zeros(527)
    return found


def shift_mask(side: int) -> torch.Tensor:
    """Mask of 8 x 8 windows shifted by 4 over `side` x `side` cells, cell by cell as Swin's authors write it."""
    labels = np.zeros((side, side))
    spans = (slice(0, -8), slice(-8, -4), slice(-4, None))
    for row, rows in enumerate(spans):
        for column, columns in enumerate(spans):
            labels[rows, columns] = 3 * row + column
    windows = [
        labels[top : top + 8, left : left + 8].reshape(64) for top in range(0, side, 8) for left in range(0, side, 8)
    ]
    mask = [np.where(window[None, :] != window[:, None], -100.0, 0.0) for window in windows]
    return torch.from_numpy(np.stack(mask)).float()
