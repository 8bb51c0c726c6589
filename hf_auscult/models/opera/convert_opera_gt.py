"""OPERA-GT's Lightning checkpoint (`encoder-operaGT.ckpt`) to a transformers folder."""

from __future__ import annotations

from ..convert_checkpoint import Conversion
from .modeling_opera_gt import OperaGTForPreTraining

# Of masked autoencoders as their authors wrote them: encoder and decoder in one flat module.
NAMES = (
    (r"^mask_token$", "decoder_mask_token"),
    (r"^(?!decoder_|classifier\.)", "encoder."),
    (r"^decoder_", "decoder."),
)
FIXED = frozenset({"encoder.pos_embed", "decoder.pos_embed"})

CONVERSIONS = {
    "opera-gt": Conversion(
        model=OperaGTForPreTraining,
        names=NAMES,
        fixed=FIXED,
        front_end="opera",
        published="opera-gt",
        windows={"kind": "sliding", "seconds": 8.18},
    )
}
