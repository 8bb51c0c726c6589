"""MS-CLAP's own layers: the projection, and HTS-AT over images of any length."""

from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import nn
from transformers import ClapAudioModel

from .configuration_msclap import MSClapConfig


class MSClapProjection(nn.Module):
    """Embedding to the space shared with captions: LayerNorm(e1 + e2), e1 = W1 x, e2 = W2 gelu(e1)."""

    def __init__(self, config: MSClapConfig):
        super().__init__()
        self.linear1 = nn.Linear(config.base_size, config.projection_size, bias=False)
        self.linear2 = nn.Linear(config.projection_size, config.projection_size, bias=False)
        self.layer_norm = nn.LayerNorm(config.projection_size)
        self.dropout = nn.Dropout(config.projection_dropout)

    def forward(self, embeddings: torch.Tensor) -> torch.Tensor:
        """Map (B, base_size) to (B, projection_size)."""
        first = self.linear1(embeddings)
        return self.layer_norm(first + self.dropout(self.linear2(F.gelu(first))))


class MSClapTags(nn.Module):
    """HTS-AT's token-semantic classifier of AudioSet's tags, as saved buffers (see `PannsTags`)."""

    weight: torch.Tensor
    bias: torch.Tensor

    def __init__(self, config: MSClapConfig):
        super().__init__()
        htsat, tags = config.htsat, config.num_tags
        # Rows of the last image within one block of frames, of which the square stacks several.
        blocks, stride = htsat.spec_size // config.num_mel_bins, htsat.patch_stride
        patches = htsat.spec_size // (stride if isinstance(stride, int) else stride[0])
        rows = patches // 2 ** (len(htsat.depths) - 1) // blocks
        self.register_buffer("weight", torch.zeros(tags, htsat.hidden_size, rows, 3))
        self.register_buffer("bias", torch.zeros(tags))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Map the last image (B, hidden_size, bands, times) to probabilities (B, num_tags)."""
        scores = F.conv2d(images, self.weight, self.bias, padding=(0, 1))
        return torch.sigmoid(scores.flatten(2).mean(dim=2))


class MSClapEncoded(NamedTuple):
    """What `MSClapHTSAT` returns; crops of an image follow each other along the tokens.

    Args:
        tokens: (B, crops * L, hidden_size); in a crop, `index = band * times + time`.
        embedding: (B, hidden_size), the mean over the crops.
        tags: (B, num_tags), the mean over the crops, `None` without the classifier.
        states: the patch tokens, then every stage's output (B, crops * tokens, channels), in the order of the square.
        attentions: of the last block of every stage, (crops * B * windows, heads, cells, cells).
    """

    tokens: torch.Tensor
    embedding: torch.Tensor
    tags: torch.Tensor | None
    states: tuple[torch.Tensor, ...] | None
    attentions: tuple[torch.Tensor, ...] | None


class MSClapHTSAT(nn.Module):
    """transformers' `ClapAudioModel`, crop by crop where an image is longer than it reads."""

    def __init__(self, config: MSClapConfig):
        super().__init__()
        self.config = config
        self.swin = ClapAudioModel(config.htsat)
        self.tags = MSClapTags(config) if config.num_tags else None
        stages: Any = self.swin.audio_encoder.layers
        for stage in stages:
            for block in stage.blocks:
                # HTS-AT drops the paths of both branches in training, transformers only that of the attention.
                block.output.dropout = nn.Sequential(block.output.dropout, block.drop_path)

    def crops(self, frames: int, rule: str) -> list[tuple[int, int]]:
        """Return the first frame and the end of every crop of an image, see `MSClapModel.forward`.

        Raises:
            ValueError: an unknown rule.
        """
        longest = self.config.max_frames
        if rule not in ("covering", "published"):
            raise ValueError(f"crop_rule is {rule!r}; expected 'covering' or 'published'")
        if frames <= longest:
            return [(0, frames)]
        if rule == "published":
            size = self.config.crop_frames
            return [(start, start + size) for start in range(0, frames - size - 1, self.config.crop_hop)]
        starts = [*range(0, frames - longest, longest // 2), frames - longest]
        return [(start, start + longest) for start in starts]

    def forward(self, input_features: torch.Tensor, crop_rule: str, states: bool, attentions: bool) -> MSClapEncoded:
        """Encode (B, frames, bands)."""
        images = input_features[:, None].to(self.swin.dtype)
        # One crop at a time: memory does not grow with the recording.
        found = [
            self.swin(images[:, :, start:end], output_hidden_states=states, output_attentions=attentions)
            for start, end in self.crops(images.shape[2], crop_rule)
        ]
        maps = zip(*(out.hidden_states for out in found), strict=True) if states else ()
        weights = zip(*(out.attentions for out in found), strict=True) if attentions else ()
        tags = [] if self.tags is None else [self.tags(out.last_hidden_state) for out in found]
        return MSClapEncoded(
            tokens=torch.cat([out.last_hidden_state.flatten(2).transpose(1, 2) for out in found], dim=1),
            embedding=torch.stack([out.pooler_output for out in found]).mean(dim=0),
            tags=torch.stack(tags).mean(dim=0) if tags else None,
            states=tuple(torch.cat([one.flatten(2).transpose(1, 2) for one in stage], dim=1) for stage in maps) or None,
            attentions=tuple(torch.cat(stage) for stage in weights) or None,
        )


__all__ = ["MSClapEncoded", "MSClapHTSAT", "MSClapProjection", "MSClapTags"]
