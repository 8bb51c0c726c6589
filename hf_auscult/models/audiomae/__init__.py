"""AudioMAE (arXiv:2207.06405): a ViT-B masked autoencoder over Kaldi filter banks."""

from .configuration_audiomae import AudioMAEConfig

__all__ = ["AudioMAEConfig"]
