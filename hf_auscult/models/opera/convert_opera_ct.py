"""OPERA-CT's Lightning checkpoint (`encoder-operaCT.ckpt`) to a transformers folder."""

from __future__ import annotations

from ..convert_checkpoint import Conversion
from ..convert_htsat import ENCODER, contrastive_state, htsat_fixed
from .modeling_opera_ct import OperaCTForPreTraining

CONVERSIONS = {
    "opera-ct": Conversion(
        model=OperaCTForPreTraining,
        prepare=contrastive_state,
        fixed=htsat_fixed(ENCODER),
        front_end="opera",
        published="opera-ct",
        windows={"kind": "sliding", "seconds": 8.0, "padding": "repeat"},
    )
}
