"""Recordings to embeddings: one row a recording, whatever the encoder, and the files they are kept in."""

from __future__ import annotations

from .embedder import Embedder, Embeddings, by_shape, embed, encode_all, window_mean

__all__ = ["Embedder", "Embeddings", "by_shape", "embed", "encode_all", "window_mean"]
