"""Configuration of the openSMILE baseline."""

from typing import Literal

from huggingface_hub.dataclasses import strict

from ..shared.configuration_auscult import AuscultConfig


@strict
class OpenSmileConfig(AuscultConfig):
    """Configuration of a standardisation of openSMILE's functionals; the functionals are the features.

    Args:
        feature_set: `ComParE_2016` (6373 functionals, the papers' handcrafted baseline) or `eGeMAPSv02` (88).
        classifier_head, classifier_hidden_size, classifier_dropout: see `AuscultConfig`.

    Example:
        >>> OpenSmileConfig(feature_set="eGeMAPSv02").pooled_size
        88
    """

    model_type = "opensmile"

    feature_set: Literal["ComParE_2016", "eGeMAPSv02"] = "ComParE_2016"

    @property
    def hidden_size(self) -> int:
        """Width of the one token, the number of functionals."""
        return {"ComParE_2016": 6373, "eGeMAPSv02": 88}[self.feature_set]

    @property
    def pooled_size(self) -> int:
        """Width of `pooler_output`."""
        return self.hidden_size


__all__ = ["OpenSmileConfig"]
