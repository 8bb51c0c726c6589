"""EfficientNet as OPERA-CE uses it: transformers' implementation, with the original's training behaviour.

And a small network that takes its place.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

import torch
import torch.nn.functional as F
from torch import nn
from transformers import EfficientNetConfig, EfficientNetModel
from transformers import initialization as init
from transformers.modeling_utils import PreTrainedModel

from ..shared.layers_panns import PannsBlock
from .configuration_opera_ce import OperaCEConfig


class DropConnect(nn.Dropout):
    """Dropout of whole images' residual branches; transformers drops single values there."""

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        """Map (B, C, H, W) to the same shape."""
        return input * F.dropout(input.new_ones(len(input), 1, 1, 1), self.p, self.training)


@contextmanager
def frozen_statistics(module: nn.Module) -> Iterator[None]:
    """Let batch normalisation use, but not record, the statistics of what passes."""
    norms: list[Any] = [each for each in module.modules() if isinstance(each, nn.BatchNorm2d)]
    kept = [(norm.momentum, norm.num_batches_tracked) for norm in norms]
    for norm in norms:
        norm.momentum, norm.num_batches_tracked = 0.0, None
    try:
        yield
    finally:
        for norm, (momentum, number) in zip(norms, kept, strict=True):
            norm.momentum, norm.num_batches_tracked = momentum, number


class OperaCENetwork(EfficientNetModel):
    """The convolutions of EfficientNet: an image of three channels in, feature maps out."""

    def __init__(self, config: OperaCEConfig):
        super().__init__(
            EfficientNetConfig(
                num_channels=3,
                width_coefficient=config.width_coefficient,
                depth_coefficient=config.depth_coefficient,
                hidden_dim=config.hidden_size,
                depthwise_padding=[],
                batch_norm_eps=config.batch_norm_eps,
                batch_norm_momentum=config.batch_norm_momentum,
                drop_connect_rate=config.drop_connect_rate,
            )
        )
        self.gradient_checkpointing = False
        block: Any
        for block in self.encoder.blocks:
            block.projection.dropout = DropConnect(block.projection.dropout.p)
            if block.expand:
                block.expansion.expand_bn.momentum = config.batch_norm_momentum  # transformers leaves it at 0.1

    @torch.no_grad()
    def _init_weights(self, module: nn.Module) -> None:
        # As EfficientNet's authors do. transformers' own rule sets the scales of batch normalisation near zero, which
        # ends the signal within a few blocks.
        if isinstance(module, nn.Conv2d):
            fan_out = module.weight[:, 0].numel() // module.groups
            init.normal_(module.weight, std=(2.0 / fan_out) ** 0.5)
            if module.bias is not None:
                init.zeros_(module.bias)
        elif isinstance(module, nn.BatchNorm2d):
            PreTrainedModel._init_weights(self, module)

    def feature_maps(self, image: torch.Tensor) -> list[torch.Tensor]:
        """Map (B, 3, frames, bands) to the outputs of the stem, of every block, and of the last convolution."""
        maps = [self.embeddings(image)]
        for block in self.encoder.blocks:
            maps.append(self._run(block, maps[-1]))
        encoder = self.encoder
        return [*maps, encoder.top_activation(encoder.top_bn(encoder.top_conv(maps[-1])))]

    def _run(self, block: nn.Module, maps: torch.Tensor) -> torch.Tensor:
        if not (self.gradient_checkpointing and self.training):
            return block(maps)

        def contexts() -> tuple[AbstractContextManager[None], AbstractContextManager[None]]:
            # The second pass through a block must not count in the running statistics again.
            return nullcontext(), frozen_statistics(block)

        return self._gradient_checkpointing_func(block.__call__, maps, context_fn=contexts)


class OperaCECnn(nn.Module):
    """A small network in EfficientNet's place: every band normalised, then PANNs' blocks of 3 x 3 convolutions."""

    def __init__(self, config: OperaCEConfig):
        super().__init__()
        self.norm = nn.BatchNorm1d(config.num_mel_bins)
        widths = [1, *config.conv_channels]
        last = len(widths) - 2
        self.blocks = nn.ModuleList(
            [
                PannsBlock(widths[i], widths[i + 1], 3, config.convs_per_block, pool=i < last, dropout=0.0)
                for i in range(last + 1)
            ]
        )

    def feature_maps(self, image: torch.Tensor) -> list[torch.Tensor]:
        """Map (B, 1, frames, bands) to the normalised image and the output of every block."""
        maps = [self.norm(image[:, 0].transpose(1, 2)).transpose(1, 2)[:, None]]
        for block in self.blocks:
            maps.append(block(maps[-1]))
        return maps


__all__ = ["DropConnect", "OperaCECnn", "OperaCENetwork", "frozen_statistics"]
