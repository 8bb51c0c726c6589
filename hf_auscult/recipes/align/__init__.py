"""Alignment with its standing checks: an aligned model, what it is compared with, figures and a card."""

from __future__ import annotations

from .config import AlignConfig, load_config
from .results import AlignResult
from .run import align

__all__ = ["AlignConfig", "AlignResult", "align", "load_config"]
