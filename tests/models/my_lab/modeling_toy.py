"""The toy encoder and its classification head."""

from hf_auscult.models.shared.base import AuscultPreTrainedModel, EncoderMixin, EncoderOutput, check_windows
from hf_auscult.models.shared.heads import AudioClassificationMixin

from .configuration_toy import ToyConfig
from .layers import ToyFrames


class ToyPreTrainedModel(AuscultPreTrainedModel):
    """Base of both classes."""

    config_class = ToyConfig


class ToyModel(EncoderMixin, ToyPreTrainedModel):
    """Frames of log-mel images to tokens, and their mean."""

    def __init__(self, config):
        super().__init__(config)
        self.frames = ToyFrames(config.num_mel_bins, config.hidden_size)
        self.post_init()

    def encode(self, windows, output_hidden_states=False, output_attentions=False):
        """Map (windows, frames, bands) to tokens (windows, frames, D) and embeddings (windows, D)."""
        check_windows(windows, self.config.num_mel_bins)
        tokens = self.frames(windows)
        states = (windows, tokens) if output_hidden_states else None
        return EncoderOutput(last_hidden_state=tokens, pooler_output=tokens.mean(dim=1), hidden_states=states)


class ToyForAudioClassification(AudioClassificationMixin, ToyPreTrainedModel):
    """The same under a head."""

    encoder_class = ToyModel


__all__ = ["ToyForAudioClassification", "ToyModel"]
