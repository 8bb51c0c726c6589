"""BEATs: audio pre-training with acoustic tokenizers (arXiv:2212.09058).

The encoder reads Kaldi filter banks cut into 16 x 16 patches; its embedding is the mean over the tokens. Every window
is encoded at its own length, so no padding reaches it; `padding_mask` is for those who bring padded batches.

Ported from microsoft/unilm (beats/), Copyright (c) Microsoft Corporation, MIT licence.
"""

from dataclasses import dataclass
from typing import Any, Literal

import torch
import torch.nn.functional as F
from torch import nn
from transformers import initialization as init
from transformers.utils.generic import ModelOutput, can_return_tuple

from ...errors import FeatureError
from ..shared.base import AuscultPreTrainedModel, EncoderMixin, EncoderOutput, check_windows, drawn_noise
from ..shared.heads import AudioClassificationMixin
from .configuration_beats import BeatsConfig
from .layers_beats import BeatsLayer, BeatsPositions, BeatsTransformer

# Samples of a frame and between frames: the front end's, 25 ms and 10 ms at 16 kHz.
FRAME, HOP = 400, 160
# What folders of the one network hold and the others leave aside.
TOKENIZER, PRE_TRAINING, HEAD = (
    r"^quantiser\.",
    r"^(random_labels\.|predictor\.|label_head\.|mask_token$)",
    r"^classifier\.",
)


def nearest_code(vectors: torch.Tensor, codebook: torch.Tensor) -> torch.Tensor:
    """Return the index of the codebook's row (codes, D) that is nearest to each vector (..., D).

    Example:
        >>> nearest_code(torch.tensor([[0.9, 0.2]]), torch.eye(2)).tolist()
        [0]
    """
    distance = vectors.square().sum(-1, keepdim=True) + codebook.square().sum(-1) - 2 * vectors @ codebook.T
    return distance.argmin(dim=-1)


def token_mask(padding_mask: torch.Tensor, frames: int, patch: int, bands: int, rule: str = "patches") -> torch.Tensor:
    """Return which tokens are padding.

    Args:
        padding_mask: (B, samples) of the waveforms or (B, frames), True where there is padding.
        frames: of the filter bank.
        patch: frames of a token.
        bands: tokens of one time.
        rule: `patches`: a token is padding when no sample of any of its frames is sound; a frame of 25 ms is sound when
            it holds any. `published`: samples are split into as many equal runs as there are frames, frames into as
            many as there are tokens, and a run is padding when all of it is. That takes no account of the tokens'
            order: at the end of the sound, some bands of one time are padding and others not.

    Returns:
        (B, tokens) bool.

    Example:
        >>> token_mask(torch.arange(48)[None] >= 20, 48, 16, 2).tolist()
        [[False, False, False, False, True, True]]
    """
    times = frames // patch
    if rule == "published":
        for size in (frames, times * bands):
            padding_mask = padding_mask[:, : padding_mask.shape[1] - padding_mask.shape[1] % size]
            padding_mask = padding_mask.unflatten(1, (size, -1)).all(dim=-1)
        return padding_mask
    if padding_mask.shape[1] != frames:
        if padding_mask.shape[1] < FRAME or 1 + (padding_mask.shape[1] - FRAME) // HOP != frames:
            raise FeatureError(
                f"has {padding_mask.shape[1]} values for {frames} frames",
                where="padding_mask",
                remedy="give one for each sample of the waveform, or for each frame",
            )
        padding_mask = padding_mask.unfold(1, FRAME, HOP).all(dim=-1)
    return padding_mask[:, : times * patch].unflatten(1, (times, patch)).all(dim=-1).repeat_interleave(bands, dim=1)


class BeatsPreTrainedModel(AuscultPreTrainedModel):
    """Weights initialisation and the settings every BEATs class shares."""

    config: BeatsConfig
    config_class = BeatsConfig
    _no_split_modules = ["BeatsLayer"]
    _supports_sdpa = True
    _supports_attention_backend = True

    @torch.no_grad()
    def _init_weights(self, module: nn.Module) -> None:
        std = self.config.initializer_range
        if isinstance(module, (nn.Linear, nn.Embedding)):
            init.normal_(module.weight, std=std)
            if isinstance(module, nn.Linear) and module.bias is not None:
                init.zeros_(module.bias)
        elif isinstance(module, nn.Conv2d):
            init.kaiming_uniform_(module.weight, a=5**0.5)
            if module.bias is not None:
                init.zeros_(module.bias)
        elif isinstance(module, nn.LayerNorm):
            init.ones_(module.weight)
            init.zeros_(module.bias)
        elif isinstance(module, BeatsPositions):
            spread = (4 / (module.direction.shape[2] * module.direction.shape[0])) ** 0.5
            init.normal_(module.direction, std=spread)
            # The norm of the direction as drawn: the split changes nothing at the start.
            init.constant_(module.norm, spread * module.direction[..., 0].numel() ** 0.5)
            init.zeros_(module.bias)
        elif isinstance(module, BeatsLayer):
            # DeepNorm: what enters the residual stream starts smaller the deeper the network is.
            beta = (8 * module.depth) ** -0.25 if self.config.deep_norm else 1.0
            attention = module.attention
            for linear in (attention.q_proj, attention.k_proj):
                init.xavier_normal_(linear.weight)
            for linear in (attention.v_proj, attention.out_proj, module.fc1, module.fc2):
                init.xavier_normal_(linear.weight, gain=beta)
            init.ones_(attention.grep_a)
        elif isinstance(module, BeatsTransformer):
            init.xavier_normal_(module.relative_bias.weight)
        elif isinstance(module, BeatsQuantiser):
            init.copy_(module.codebook, F.normalize(_fixed_normal(module.codebook), dim=-1))
        elif isinstance(module, BeatsRandomProjection):
            init.copy_(module.projection, _fixed_normal(module.projection))
            init.copy_(module.codebook, F.normalize(_fixed_normal(module.codebook), dim=-1))
        elif isinstance(module, BeatsForPreTraining):
            init.normal_(module.mask_token, std=std)


def _fixed_normal(like: torch.Tensor) -> torch.Tensor:
    """Return standard normal values, the same for every model of these sizes."""
    return torch.randn(like.shape, generator=torch.Generator().manual_seed(0)).to(like)


class BeatsModel(EncoderMixin, BeatsPreTrainedModel):
    """BEATs' encoder: filter banks in, patch tokens and their mean out.

    Example:
        >>> model = BeatsModel(BeatsConfig(num_hidden_layers=1)).eval()
        >>> model(torch.zeros(1, 98, 128)).last_hidden_state.shape
        torch.Size([1, 48, 768])
    """

    _keys_to_ignore_on_load_unexpected = [TOKENIZER, PRE_TRAINING, HEAD]
    published_settings = {"padding_rule": "published"}

    def __init__(self, config: BeatsConfig):
        super().__init__(config)
        width, size = config.patch_embedding_size, config.patch_size
        self.patch_embedding = nn.Conv2d(1, width, size, stride=size, bias=config.patch_bias)
        self.layer_norm = nn.LayerNorm(width, eps=config.layer_norm_eps)
        self.patch_projection = nn.Linear(width, config.hidden_size)
        self.transformer = BeatsTransformer(config, config.num_hidden_layers)
        self.post_init()

    def get_input_embeddings(self) -> nn.Module:
        """Return the patch convolution."""
        return self.patch_embedding

    def embed_patches(self, windows: torch.Tensor) -> torch.Tensor:
        """Map (B, frames, bands) to patch tokens without positions, (B, L, D); a last incomplete patch is dropped.

        Raises:
            FeatureError: other bands, or fewer frames than a patch has.
        """
        config = self.config
        check_windows(windows, config.num_mel_bins)
        if windows.shape[1] < config.patch_size:
            raise FeatureError(
                f"{windows.shape[1]} frames; a token takes {config.patch_size}",
                where="input_features",
                remedy="use the feature extractor that was saved with the model, or longer recordings",
            )
        patches = self.patch_embedding(windows[:, None].to(self.patch_embedding.weight.dtype))
        projected = self.patch_projection(self.layer_norm(patches.flatten(2).transpose(1, 2)))
        return F.dropout(projected, config.input_dropout, self.training)

    def encode(
        self,
        windows: torch.Tensor,
        output_hidden_states: bool = False,
        output_attentions: bool = False,
        padding_mask: torch.Tensor | None = None,
        padding_rule: Literal["patches", "published"] = "patches",
    ) -> EncoderOutput:
        """Encode filter banks of one length.

        Args:
            windows: (windows, frames, mel bands).
            output_hidden_states, output_attentions: as everywhere in transformers; the states are the input of the
                first layer and the output of each.
            padding_mask: (windows, samples) or (windows, frames), True where a batch was padded. Such tokens are seen
                by no other and are not in the embedding. A padded clip does not give its unpadded embedding exactly:
                the position convolution meets zeros instead of the end.
            padding_rule: how tokens of padding are told, see `token_mask`.

        Returns:
            `last_hidden_state` (windows, L, D), `pooler_output` (windows, D) and, with a mask, `token_mask`, True
            where a token is real.

        Raises:
            FeatureError: a window that is padding alone.
        """
        config, padded = self.config, None
        tokens = self.embed_patches(windows)
        if padding_mask is not None:
            mask = padding_mask.to(tokens.device, torch.bool)
            padded = token_mask(mask, windows.shape[1], config.patch_size, config.bands, padding_rule)
            if bool(padded.all(dim=1).any()):
                raise FeatureError("a window without sound", where="padding_mask", remedy="leave it out of the batch")
        states, attentions = self.transformer(tokens, padded)
        if padded is None:
            pooled = states[-1].mean(dim=1)
        else:
            pooled = states[-1].masked_fill(padded[..., None], 0.0).sum(dim=1) / (~padded).sum(dim=1, keepdim=True)
        return EncoderOutput(
            last_hidden_state=states[-1],
            pooler_output=pooled,
            hidden_states=tuple(states) if output_hidden_states else None,
            attentions=tuple(attentions) if output_attentions else None,
            token_mask=None if padded is None else ~padded,
        )


class BeatsQuantiser(nn.Module):
    """Tokens to codes: two layers, unit length, the nearest row of the codebook."""

    codebook: torch.Tensor

    def __init__(self, config: BeatsConfig):
        super().__init__()
        self.fc1 = nn.Linear(config.hidden_size, config.hidden_size)
        self.fc2 = nn.Linear(config.hidden_size, config.codebook_dim)
        self.register_buffer("codebook", torch.zeros(config.codebook_size, config.codebook_dim))

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        """Map tokens (B, L, D) to vectors (B, L, codebook_dim), before they get unit length."""
        return self.fc2(torch.tanh(self.fc1(tokens)))

    def codes(self, vectors: torch.Tensor) -> torch.Tensor:
        """Return the codebook index of every vector."""
        return nearest_code(F.normalize(vectors, dim=-1), self.codebook)


@dataclass
class BeatsTokenizerOutput(ModelOutput):
    """Discrete labels of patches.

    Args:
        labels: (windows, L) indices into the codebook.
        vectors: (windows, L, codebook_dim) that were looked up, before they got unit length.
    """

    labels: torch.Tensor | None = None
    vectors: torch.Tensor | None = None


class BeatsTokenizer(BeatsPreTrainedModel):
    """BEATs' self-distilled tokenizer: filter banks in, one code a patch out, the labels of pre-training.

    Only the look-up: the published tokenizer also counts how often a code is used, in evaluation too.

    Example:
        >>> tokenizer = BeatsTokenizer(BeatsConfig(num_hidden_layers=1)).eval()
        >>> tokenizer(torch.zeros(1, 98, 128)).labels.shape
        torch.Size([1, 48])
    """

    _keys_to_ignore_on_load_unexpected = [PRE_TRAINING, HEAD]

    def __init__(self, config: BeatsConfig):
        super().__init__(config)
        self.encoder = BeatsModel(config)
        self.quantiser = BeatsQuantiser(config)
        self.post_init()

    @can_return_tuple  # type: ignore[untyped-decorator]
    def forward(
        self,
        input_features: torch.Tensor,
        window_seconds: torch.Tensor | None = None,
        window_frames: torch.Tensor | None = None,
    ) -> BeatsTokenizerOutput:
        """Label every patch of every window; see `EncoderMixin` for the arguments."""
        windows = self.encoder.cut(input_features, window_seconds, window_frames).windows()
        vectors = self.quantiser(self.encoder.encode(windows).last_hidden_state)
        return BeatsTokenizerOutput(self.quantiser.codes(vectors), vectors)


class BeatsRandomProjection(nn.Module):
    """The tokenizer of the first iteration: a fixed random projection of the patch, the nearest fixed random code."""

    projection: torch.Tensor
    codebook: torch.Tensor

    def __init__(self, config: BeatsConfig):
        super().__init__()
        self.patch_size = config.patch_size
        self.register_buffer("projection", torch.zeros(config.codebook_dim, config.patch_size**2))
        self.register_buffer("codebook", torch.zeros(config.codebook_size, config.codebook_dim))

    @torch.no_grad()
    def forward(self, windows: torch.Tensor) -> torch.Tensor:
        """Label the patches of (B, frames, bands), (B, L); codes have unit length, so loudness does not decide."""
        size = self.patch_size
        patches = F.unfold(windows[:, None].float(), size, stride=size).transpose(1, 2)
        return nearest_code(patches @ self.projection.float().T, self.codebook.float())


@dataclass
class BeatsForPreTrainingOutput(ModelOutput):
    """Labels predicted for hidden patches.

    Args:
        loss: cross entropy over the hidden patches.
        logits: (B, L, codebook_size).
        labels: (B, L), those that were asked for.
        mask: (B, L), 1 = hidden from the encoder.
    """

    loss: torch.Tensor | None = None
    logits: torch.Tensor | None = None
    labels: torch.Tensor | None = None
    mask: torch.Tensor | None = None


class BeatsForPreTraining(BeatsPreTrainedModel):
    """BEATs' masked prediction of discrete labels.

    The encoder sees a quarter of the patches; a small transformer predicts the labels of the others from the encoder's
    output and a mask vector at every hidden place.

    The published code has no pre-training; this follows the paper. What it leaves open is ours: the predictor's size,
    and that visible patches keep the distances and neighbours of their true places, with zeros for hidden ones.

    Example:
        >>> config = BeatsConfig(num_hidden_layers=1, predictor_num_hidden_layers=1)
        >>> BeatsForPreTraining(config).eval()(torch.rand(1, 98, 128)).logits.shape
        torch.Size([1, 48, 1024])
    """

    _keys_to_ignore_on_load_unexpected = [TOKENIZER, HEAD]

    def __init__(self, config: BeatsConfig):
        super().__init__(config)
        self.encoder = BeatsModel(config)
        self.random_labels = BeatsRandomProjection(config)
        self.mask_token = nn.Parameter(torch.zeros(1, 1, config.hidden_size))
        self.predictor = BeatsTransformer(config, config.predictor_num_hidden_layers)
        self.label_head = nn.Linear(config.hidden_size, config.codebook_size)
        self.post_init()

    def noise_size(self, frames: int) -> int:
        """Return how many noise values a window of `frames` frames takes: one a patch."""
        return (frames // self.config.patch_size) * self.config.bands

    @can_return_tuple  # type: ignore[untyped-decorator]
    def forward(
        self,
        input_features: torch.Tensor,
        labels: torch.Tensor | None = None,
        noise: torch.Tensor | None = None,
        window_seconds: torch.Tensor | None = None,
        window_frames: torch.Tensor | None = None,
    ) -> BeatsForPreTrainingOutput:
        """Hide, encode, predict.

        Args:
            input_features: (recordings, frames, bands) filter banks.
            labels: (B, L) of a `BeatsTokenizer`; by default those of the first iteration's random projection.
            noise: (B, L) values whose ascending order decides which patches are kept; drawn when absent.
            window_seconds, window_frames: which windows the rows hold, see `EncoderMixin`; B counts windows, which all
                weigh the same.
        """
        config: Any = self.config
        windows = self.encoder.cut(input_features, window_seconds, window_frames).windows()
        tokens = self.encoder.embed_patches(windows)
        batch, length, width = tokens.shape
        if noise is None:
            noise = drawn_noise(batch, length, tokens.device, random=self.training)
        if labels is None:
            labels = self.random_labels(windows)
        order = noise.argsort(dim=1, stable=True)
        kept = order[:, : max(1, int(length * (1 - config.mask_ratio)))].sort(dim=1).values
        visible = self.encoder.transformer(tokens, places=kept)[0][-1]
        filled = self.mask_token.to(visible.dtype).expand(batch, length, width)
        filled = filled.scatter(1, kept[..., None].expand(-1, -1, width), visible)
        logits = self.label_head(self.predictor(filled)[0][-1])
        mask = torch.ones(batch, length, device=tokens.device).scatter(1, kept, 0.0)
        losses = F.cross_entropy(logits.flatten(0, 1).float(), labels.flatten(), reduction="none").view(batch, length)
        return BeatsForPreTrainingOutput((losses * mask).sum() / mask.sum(), logits, labels, mask)


class BeatsForAudioClassification(AudioClassificationMixin, BeatsPreTrainedModel):
    """BEATs under a classification head.

    The published fine-tuned checkpoints convert to this class. Their labels are AudioSet's, in the checkpoint's own
    order; their code returns the sigmoid of these logits.

    Example:
        >>> model = BeatsForAudioClassification(BeatsConfig(num_hidden_layers=1, num_labels=3)).eval()
        >>> model(torch.rand(2, 98, 128)).logits.shape
        torch.Size([2, 3])
    """

    encoder_class = BeatsModel
    _keys_to_ignore_on_load_unexpected = [TOKENIZER, PRE_TRAINING]


__all__ = [
    "BeatsForAudioClassification",
    "BeatsForPreTraining",
    "BeatsForPreTrainingOutput",
    "BeatsModel",
    "BeatsPreTrainedModel",
    "BeatsTokenizer",
    "BeatsTokenizerOutput",
    "nearest_code",
    "token_mask",
]
