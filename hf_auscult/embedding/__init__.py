"""Recordings to embeddings: one row a recording, whatever the encoder, and the files they are kept in."""

from __future__ import annotations

from .embedder import Embedder, by_shape, embed, window_mean

__all__ = ["Embedder", "by_shape", "embed", "window_mean"]
