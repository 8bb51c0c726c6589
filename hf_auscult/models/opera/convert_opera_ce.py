"""OPERA-CE's Lightning checkpoint (`encoder-operaCE.ckpt`) to a transformers folder."""

from __future__ import annotations

from ..convert_checkpoint import Conversion
from .modeling_opera_ce import OperaCEForPreTraining

CONVERSIONS = {
    "opera-ce": Conversion(
        model=OperaCEForPreTraining,
        names=(
            (r"^(g|layer_norm|linear)\.", r"projection.\1."),
            (r"^encoder\.cnn1\.", "encoder.channels."),
            (r"^encoder\.efficientnet\._conv_stem\.", "encoder.network.embeddings.convolution."),
            (r"^encoder\.efficientnet\._bn0\.", "encoder.network.embeddings.batchnorm."),
            (r"^encoder\.efficientnet\._conv_head\.", "encoder.network.encoder.top_conv."),
            (r"^encoder\.efficientnet\._bn1\.", "encoder.network.encoder.top_bn."),
            (r"^encoder\.efficientnet\._blocks\.", "encoder.network.encoder.blocks."),
            (r"\._expand_conv\.", ".expansion.expand_conv."),
            (r"\._bn0\.", ".expansion.expand_bn."),
            (r"\._depthwise_conv\.", ".depthwise_conv.depthwise_conv."),
            (r"\._bn1\.", ".depthwise_conv.depthwise_norm."),
            (r"\._se_(reduce|expand)\.", r".squeeze_excite.\1."),
            (r"\._project_conv\.", ".projection.project_conv."),
            (r"\._bn2\.", ".projection.project_bn."),
        ),
        front_end="opera",
        published="opera-ce",
        windows={"kind": "sliding", "seconds": 8.0, "padding": "repeat"},
    )
}
