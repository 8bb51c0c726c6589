"""Recordings to embeddings: one row a recording, whatever the encoder, and the files they are kept in."""

from __future__ import annotations

from .embedder import Embedder, Embeddings, embed, encode_all

__all__ = ["Embedder", "Embeddings", "embed", "encode_all"]
