"""HTS-AT over log-mel images of any length: transformers' `ClapAudioModel`, and crops of what it refuses."""

from collections.abc import Sequence
from typing import Any, Literal

import torch
import torch.nn.functional as F
from torch import nn
from transformers import ClapAudioConfig, ClapAudioModel

from .base import EncoderMixin, EncoderOutput, check_windows
from .configuration_htsat import HTSATConfig


def clap_config(config: HTSATConfig) -> ClapAudioConfig:
    """Return the configuration of transformers' implementation."""
    size, stages = config.hidden_size, len(config.depths)
    return ClapAudioConfig(
        num_mel_bins=config.num_mel_bins,
        spec_size=config.spec_size,
        patch_size=config.patch_size,
        patch_stride=[config.patch_size, config.patch_size],
        patch_embeds_hidden_size=config.embed_size,
        hidden_size=size,
        num_hidden_layers=stages,
        depths=list(config.depths),
        num_attention_heads=list(config.num_attention_heads),
        window_size=config.window_size,
        mlp_ratio=config.mlp_ratio,
        drop_path_rate=config.drop_path_rate,
        hidden_dropout_prob=0.0,
        # Its weights' deviation is this factor over the root of size and twice the stages.
        initializer_factor=config.initializer_range * (2 * stages * size) ** 0.5,
    )


def covering_starts(frames: int, size: int, hop: int) -> list[int]:
    """Return where crops of `size` frames start, every `hop` and at last where one ends with the last frame.

    Example:
        >>> covering_starts(1300, 1024, 512), covering_starts(1025, 1024, 512), covering_starts(300, 1024, 512)
        ([0, 276], [0, 1], [0])
    """
    return [*range(0, frames - size, hop), frames - size] if frames > size else [0]


class HTSAT(nn.Module):
    """Batch normalisation of every band, then the Swin transformer of every crop."""

    def __init__(self, config: HTSATConfig):
        super().__init__()
        self.config = config
        self.batch_norm = nn.BatchNorm2d(config.num_mel_bins)
        self.swin = ClapAudioModel(clap_config(config))
        encoder: Any = self.swin.audio_encoder
        # Ours stands in front of the crops: one published rule pads the last crop after it.
        encoder.batch_norm = nn.Identity()
        for stage in encoder.layers:
            for block in stage.blocks:
                # HTS-AT drops the paths of both branches, transformers only that of the attention.
                block.output.dropout = block.drop_path

    def forward(
        self,
        input_features: torch.Tensor,
        starts: Sequence[int],
        output_hidden_states: bool = False,
        output_attentions: bool = False,
    ) -> EncoderOutput:
        """Encode (B, frames, bands) images.

        Args:
            input_features: log-mel images.
            starts: first frames of the crops of `max_frames` frames; the last may reach beyond the end, it is filled
                with zeros. Images of up to `max_frames` frames are one crop, stretched.
            output_hidden_states, output_attentions: what else to return.

        Returns:
            Crops of an image follow each other along the tokens. `last_hidden_state` (B, crops * L, D) after the last
            normalisation; in a crop, `index = band * times + time`. `pooler_output` (B, D), the mean of the tokens.
            `hidden_states`: the patch tokens, then every stage's output (B, crops * tokens, channels), in the order of
            the square: its rows hold the bands of the first block of frames, then those of the second, and so on.
            `attentions` of the last block of every stage, (crops * B * windows, heads, cells, cells).
        """
        check_windows(input_features, self.config.num_mel_bins)
        size = self.config.max_frames
        images = input_features[:, None].to(self.batch_norm.weight.dtype)
        images = self.batch_norm(images.transpose(1, 3)).transpose(1, 3)
        found = []
        for start in starts:
            crop = images[:, :, start : start + size]
            if images.shape[2] > size:
                crop = F.pad(crop, (0, 0, 0, size - crop.shape[2]))
            # One crop at a time: memory does not grow with the recording.
            found.append(
                self.swin(crop, output_hidden_states=output_hidden_states, output_attentions=output_attentions)
            )
        tokens = torch.cat([out.last_hidden_state.flatten(2).transpose(1, 2) for out in found], dim=1)
        pooled = torch.stack([out.pooler_output for out in found]).mean(dim=0)
        states = attentions = None
        if output_hidden_states:
            maps = zip(*(out.hidden_states for out in found), strict=True)
            states = tuple(torch.cat([one.flatten(2).transpose(1, 2) for one in crops], dim=1) for crops in maps)
        if output_attentions:
            weights = zip(*(out.attentions for out in found), strict=True)
            attentions = tuple(torch.cat(crops) for crops in weights)
        return EncoderOutput(
            last_hidden_state=tokens, pooler_output=pooled, hidden_states=states, attentions=attentions
        )


class HTSATMixin(EncoderMixin):
    """`…Model` of a family around HTS-AT: says how it crops long images as published, in `published_starts`.

    Mix in before the family's `PreTrainedModel`.
    """

    published_settings = {"crop_rule": "published"}

    def __init__(self, config: HTSATConfig):
        super().__init__(config)  # type: ignore[call-arg]
        self.htsat = HTSAT(config)
        self.post_init()  # type: ignore[attr-defined]

    def published_starts(self, frames: int, size: int, hop: int) -> list[int]:
        """Return the first frames of the crops of an image of more than `size` frames, as the published code does."""
        raise NotImplementedError

    def crop_starts(self, frames: int, crop_rule: str) -> list[int]:
        """Return the first frames of an image's crops.

        Raises:
            ValueError: an unknown rule, or a length that the published code cannot crop.
        """
        size, hop = self.config.max_frames, self.config.crop_hop
        if crop_rule not in ("covering", "published"):
            raise ValueError(f"crop_rule is {crop_rule!r}; expected 'covering' or 'published'")
        if crop_rule == "covering" or frames <= size:
            return covering_starts(frames, size, hop)
        return self.published_starts(frames, size, hop)

    def encode(
        self,
        windows: torch.Tensor,
        output_hidden_states: bool = False,
        output_attentions: bool = False,
        crop_rule: Literal["covering", "published"] = "covering",
    ) -> EncoderOutput:
        """Encode log-mel images of any length.

        Args:
            windows: (windows, frames, bands). Up to `config.max_frames` frames are stretched to that many; of more,
                crops are encoded and their pooled vectors averaged.
            output_hidden_states, output_attentions: what else to return.
            crop_rule: of evaluation; in training, one crop is taken at random. `covering`: crops every
                `config.crop_hop` frames and one that ends with the last frame, so that every frame counts, in a plain
                mean of the crops. `published`: see `published_starts`.

        Returns:
            As `HTSAT` does.

        Raises:
            ValueError: images of other bands, an unknown rule, or a length that the published rule cannot crop.
        """
        frames, size = windows.shape[1], self.config.max_frames
        if self.training and frames > size:  # type: ignore[attr-defined]
            # One random crop, as the published code trains.
            starts = [int(torch.randint(frames - size + 1, ()))]
        else:
            starts = self.crop_starts(frames, crop_rule)
        found: EncoderOutput = self.htsat(windows, starts, output_hidden_states, output_attentions)
        return found


__all__ = ["HTSAT", "HTSATMixin", "covering_starts"]
