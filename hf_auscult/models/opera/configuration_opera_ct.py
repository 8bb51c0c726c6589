"""Configuration of OPERA-CT; the defaults are the published network."""

from huggingface_hub.dataclasses import strict

from ..shared.configuration_htsat import HTSATConfig


@strict
class OperaCTConfig(HTSATConfig):
    """Configuration of OPERA-CT (OPERA, arXiv:2406.16148): HTS-AT trained by contrast of views of a recording.

    The arguments are those of `HTSATConfig`; the defaults give the published network. OPERA's views are 200 frames long
    for breathing and lung sounds, 100 for exhalations and 50 for coughs.

    Example:
        >>> OperaCTConfig().pooled_size, OperaCTConfig().max_frames
        (768, 1024)
    """

    model_type = "opera-ct"


__all__ = ["OperaCTConfig"]
