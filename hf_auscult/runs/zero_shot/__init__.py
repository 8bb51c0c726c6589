"""Classes and reports found without a trained head: sentences, AcuLa's pipeline, retrieval both ways."""

from __future__ import annotations

from .result import ZeroShotResult
from .run import ZeroShotConfig, run

__all__ = ["ZeroShotConfig", "ZeroShotResult", "run"]
