"""OPERA encoders (arXiv:2406.16148): CT (HTS-AT) and CE (EfficientNet), contrastive; GT, a ViT masked autoencoder."""

from .configuration_opera_ce import OperaCEConfig
from .configuration_opera_ct import OperaCTConfig
from .configuration_opera_gt import OperaGTConfig

__all__ = ["OperaCEConfig", "OperaCTConfig", "OperaGTConfig"]
