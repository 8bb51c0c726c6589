"""VGGish (arXiv:1609.09430): a VGG over 0.96-second log-mel examples, 128 numbers each."""

from .configuration_vggish import VGGishConfig

__all__ = ["VGGishConfig"]
