"""Configuration of AuscultaBase; the defaults are the published network."""

from huggingface_hub.dataclasses import strict

from ..shared.configuration_htsat import HTSATConfig


@strict
class AuscultaBaseConfig(HTSATConfig):
    """Configuration of AuscultaBase (arXiv:2411.07547): HTS-AT trained by contrast of views of a recording.

    The arguments are those of `HTSATConfig`; the defaults give the published network. The paper's views are 640 ms long
    (320 ms for bowel sounds and one set of heart sounds).

    Example:
        >>> AuscultaBaseConfig().pooled_size, AuscultaBaseConfig().max_frames
        (768, 1024)
    """

    model_type = "auscultabase"

    view_frames: int = 20


__all__ = ["AuscultaBaseConfig"]
