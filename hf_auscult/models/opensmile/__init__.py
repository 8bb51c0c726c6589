"""openSMILE's functionals (ComParE_2016, eGeMAPSv02) as an encoder: the handcrafted baseline."""

from .configuration_opensmile import OpenSmileConfig

__all__ = ["OpenSmileConfig"]
