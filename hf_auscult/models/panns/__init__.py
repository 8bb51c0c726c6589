"""PANNs (arXiv:1912.10211): Cnn6, Cnn10 and Cnn14, convolutional networks trained on AudioSet's tags."""

from .configuration_panns import PannsConfig

__all__ = ["PannsConfig"]
