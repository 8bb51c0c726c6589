"""Classification over any encoder: three heads, and the forward pass around them."""

from typing import Any

import torch
import torch.nn.functional as F
from torch import nn
from transformers.modeling_outputs import SequenceClassifierOutput
from transformers.utils.generic import can_return_tuple


class ClassificationHead(nn.Module):
    """Embedding (or tokens) of a window to logits.

    `config.classifier_head`: `linear` over the pooled embedding; `mlp`: Linear, ReLU, Dropout, Linear (the COVID-19
    report's, arXiv:2511.14939); `attentive`: linear over a learned weighted mean of the tokens.
    """

    def __init__(self, config: Any):
        super().__init__()
        self.kind, hidden = config.classifier_head, config.classifier_hidden_size
        size = config.hidden_size if self.kind == "attentive" else config.pooled_size
        if self.kind == "attentive":
            self.score = nn.Sequential(nn.Linear(size, hidden), nn.Tanh(), nn.Linear(hidden, 1))
        if self.kind == "mlp":
            self.hidden = nn.Linear(size, hidden)
            size = hidden
        self.dropout = nn.Dropout(config.classifier_dropout)
        self.output = nn.Linear(size, config.num_labels)

    def forward(self, tokens: torch.Tensor, pooled: torch.Tensor) -> torch.Tensor:
        """Map tokens (B, L, D) and embeddings (B, pooled_size) to logits (B, labels)."""
        features = pooled
        if self.kind == "attentive":
            features = (self.score(tokens).softmax(dim=1) * tokens).sum(dim=1)
        if self.kind == "mlp":
            features = F.relu(self.hidden(features))
        return self.output(self.dropout(features))


class AudioClassificationMixin:
    """`…ForAudioClassification` of a family: name its `encoder_class`, mix in before its `PreTrainedModel`."""

    encoder_class: Any
    config: Any
    base_model_prefix: str

    def __init__(self, config: Any):
        super().__init__(config)  # type: ignore[call-arg]
        setattr(self, self.base_model_prefix, self.encoder_class(config))
        self.classifier = ClassificationHead(config)
        self.post_init()  # type: ignore[attr-defined]

    @can_return_tuple  # type: ignore[untyped-decorator]
    def forward(
        self,
        input_features: torch.Tensor,
        labels: torch.Tensor | None = None,
        window_seconds: torch.Tensor | None = None,
        window_frames: torch.Tensor | None = None,
        output_hidden_states: bool | None = None,
        output_attentions: bool | None = None,
    ) -> SequenceClassifierOutput:
        """Classify recordings.

        Args:
            input_features: (recordings, frames, bands), from the feature extractor.
            labels: class indices (recordings,), or targets (recordings, labels) for several labels and regression.
            window_seconds, window_frames: from the feature extractor, see `EncoderMixin`; logits of a recording are
                the weighted mean over its windows.
            output_hidden_states, output_attentions, return_dict: as everywhere in transformers.

        Returns:
            `logits` (recordings, labels) and, with labels, `loss`.
        """
        encoder = getattr(self, self.base_model_prefix)
        flags = encoder.wanted(output_hidden_states=output_hidden_states, output_attentions=output_attentions)

        def classify(windows: torch.Tensor) -> SequenceClassifierOutput:
            encoded = encoder.encode(windows, **flags)
            logits = self.classifier(encoded.last_hidden_state, encoded.pooler_output)
            return SequenceClassifierOutput(
                logits=logits, hidden_states=encoded.hidden_states, attentions=encoded.attentions
            )

        output = encoder.cut(input_features, window_seconds, window_frames).apply(classify)
        if labels is None:
            return output
        # Anew: the loss comes first in a tuple.
        return SequenceClassifierOutput(loss=classification_loss(self.config, output.logits, labels), **output)


def classification_loss(config: Any, logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """Return the loss of `config.problem_type`; without one, that of the labels' type and shape."""
    problem = config.problem_type
    if problem is None:
        integers = not labels.is_floating_point()
        problem = "single_label_classification" if integers and labels.ndim == 1 else "multi_label_classification"
        problem = "regression" if config.num_labels == 1 else problem
    if problem == "regression":
        return F.mse_loss(logits.squeeze(-1), labels.to(logits.dtype).reshape(logits.squeeze(-1).shape))
    if problem == "multi_label_classification":
        return F.binary_cross_entropy_with_logits(logits, labels.to(logits.dtype))
    return F.cross_entropy(logits, labels)


__all__ = ["AudioClassificationMixin", "ClassificationHead", "classification_loss"]
