"""Configuration of the toy encoder."""

from huggingface_hub.dataclasses import strict

from hf_auscult.models.shared.configuration_auscult import AuscultConfig


@strict
class ToyConfig(AuscultConfig):
    """Two linear layers over the frames of a log-mel image."""

    model_type = "my-lab-toy"

    num_mel_bins: int = 64
    hidden_size: int = 12

    @property
    def pooled_size(self) -> int:
        """Width of `pooler_output`."""
        return self.hidden_size


__all__ = ["ToyConfig"]
