"""OPERA encoders (arXiv:2406.16148): OPERA-GT, a ViT-S masked autoencoder over log-mel images."""

from .configuration_opera_gt import OperaGTConfig

__all__ = ["OperaGTConfig"]
