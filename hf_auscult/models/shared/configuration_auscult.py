"""What every configuration has: the settings of the classification head, and code saved beside it."""

from typing import Literal

from huggingface_hub.dataclasses import strict
from transformers.configuration_utils import PreTrainedConfig

from ...features.saved_code import SavesCode


@strict
class AuscultConfig(SavesCode, PreTrainedConfig):
    """Base of the configurations; a subclass says `hidden_size` and `pooled_size`, as fields or properties.

    Args:
        classifier_head: of the family's `…ForAudioClassification`: `linear`, `mlp` or `attentive`, see
            `ClassificationHead`.
        classifier_hidden_size: hidden width of the heads `mlp` and `attentive`.
        classifier_dropout: in front of the head's last layer, in training.
    """

    classifier_head: Literal["linear", "mlp", "attentive"] = "linear"
    classifier_hidden_size: int = 256
    classifier_dropout: float = 0.0


__all__ = ["AuscultConfig"]
