"""BEATs (arXiv:2212.09058): a transformer over filter-bank patches with gated relative position bias."""

from .configuration_beats import BeatsConfig

__all__ = ["BeatsConfig"]
