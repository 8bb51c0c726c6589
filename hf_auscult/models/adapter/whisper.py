"""Whisper's encoder over windows of any length up to its 30 s: the position table is cut, nothing is padded."""

from typing import Any

import torch
import torch.nn.functional as F
from transformers.modeling_outputs import BaseModelOutput
from transformers.utils.generic import merge_with_config_defaults
from transformers.utils.output_capturing import capture_outputs


@merge_with_config_defaults  # type: ignore[untyped-decorator]
@capture_outputs  # type: ignore[untyped-decorator]
def encode_any_length(self: Any, input_features: torch.Tensor, **kwargs: Any) -> BaseModelOutput:
    """Run a `WhisperEncoder` as its own `forward` does, which takes 30 s only; of those, to the bit.

    Args:
        self: the encoder.
        input_features: (B, mel bands, frames); two frames make a token.
        kwargs: as of the encoder.
    """
    hidden_states = F.gelu(self.conv2(F.gelu(self.conv1(input_features)))).permute(0, 2, 1)
    hidden_states = hidden_states + self.embed_positions(
        torch.arange(hidden_states.shape[1], device=hidden_states.device)
    )
    hidden_states = F.dropout(hidden_states, p=self.dropout, training=self.training)
    for layer in self.layers:
        if not self.training or self.layerdrop == 0.0 or torch.rand([]) >= self.layerdrop:
            hidden_states = layer(hidden_states, None, **kwargs)
    return BaseModelOutput(last_hidden_state=self.layer_norm(hidden_states))


__all__ = ["encode_any_length"]
