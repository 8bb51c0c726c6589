"""A closed-form map between the audio and the text space, stored with the model it was fitted for."""

from typing import Any

import torch
from torch import nn
from transformers import initialization as init


class AcuLaMap(nn.Module):
    """`(audio - audio_mean) @ matrix` beside `text - text_mean`: what cosines compare where training fixed no frame.

    An objective that is blind to rotation (CKA) leaves both sides in frames of their own; this map, fitted on training
    pairs, brings them together. Until it is filled it changes nothing but the widths.

    Args:
        audio_size: width of what is mapped.
        text_size: width of the texts' space.
    """

    audio_mean: torch.Tensor
    text_mean: torch.Tensor
    matrix: torch.Tensor

    def __init__(self, audio_size: int, text_size: int):
        super().__init__()
        self.register_buffer("audio_mean", torch.zeros(audio_size))
        self.register_buffer("text_mean", torch.zeros(text_size))
        self.register_buffer("matrix", torch.eye(audio_size, text_size))

    @torch.no_grad()
    def reset(self) -> None:
        """Map nothing."""
        init.zeros_(self.audio_mean)
        init.zeros_(self.text_mean)
        init.copy_(self.matrix, torch.eye(*self.matrix.shape))

    @torch.no_grad()
    def fill(self, audio_mean: Any, text_mean: Any, matrix: Any) -> None:
        """Take over fitted arrays.

        Raises:
            ValueError: shapes of other spaces, or numbers that are not finite.
        """
        for name, values in (("audio_mean", audio_mean), ("text_mean", text_mean), ("matrix", matrix)):
            buffer, given = getattr(self, name), torch.as_tensor(values)
            if given.shape != buffer.shape:
                raise ValueError(f"{name} has shape {tuple(given.shape)}, the map {tuple(buffer.shape)}")
            if not bool(given.isfinite().all()):
                raise ValueError(f"{name} holds NaN or infinite numbers")
            buffer.copy_(given)

    def audio(self, features: torch.Tensor) -> torch.Tensor:
        """Map (n, audio_size) to (n, text_size)."""
        return (features - self.audio_mean) @ self.matrix

    def text(self, features: torch.Tensor) -> torch.Tensor:
        """Centre (n, text_size) at the training reports' mean."""
        return features - self.text_mean


def map_sizes(space: str, pooled_size: int, projection_size: int, text_size: int) -> tuple[int, int]:
    """Return the widths of the two sides that a map lies between."""
    return (projection_size, projection_size) if space == "projected" else (pooled_size, text_size)
