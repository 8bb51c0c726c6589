"""AuscultaBase's Lightning checkpoint (`auscultabase_model.ckpt`) to a transformers folder."""

from __future__ import annotations

from ..convert_checkpoint import Conversion
from ..convert_htsat import ENCODER, contrastive_state, htsat_fixed
from .modeling_auscultabase import AuscultaBaseForPreTraining

CONVERSIONS = {
    "auscultabase": Conversion(
        model=AuscultaBaseForPreTraining,
        prepare=contrastive_state,
        fixed=htsat_fixed(ENCODER),
        front_end="opera",
        published="auscultabase",
        windows={"kind": "sliding", "seconds": 8.0, "padding": "repeat"},
    )
}
