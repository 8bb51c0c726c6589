"""MS-CLAP (arXiv:2206.04769, arXiv:2309.05767): the audio branch, with its projection."""

from .configuration_msclap import MSClapConfig

__all__ = ["MSClapConfig"]
