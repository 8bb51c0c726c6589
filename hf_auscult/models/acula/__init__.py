"""AcuLa (arXiv:2512.04847): an audio encoder aligned with a frozen language model's reading of reports."""

from .configuration_acula import AcuLaConfig

__all__ = ["AcuLaConfig"]
