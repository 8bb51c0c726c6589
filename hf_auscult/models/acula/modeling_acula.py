"""AcuLa: audio encoder, its reconstruction decoder and two projections into the space shared with reports."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, cast

import torch
import torch.nn.functional as F
from torch import nn
from transformers import AutoFeatureExtractor, AutoModel, AutoModelForPreTraining
from transformers import initialization as init
from transformers.utils.generic import ModelOutput, can_return_tuple

from ...errors import NonFiniteAudioError
from ..shared.base import AuscultPreTrainedModel, EncoderMixin, EncoderOutput, as_encoder
from ..shared.heads import AudioClassificationMixin
from ..shared.rows import WindowGroups
from .configuration_acula import AcuLaConfig
from .encoder_acula import ENCODERS
from .layers_acula import AcuLaBranches, AcuLaProjection
from .map_acula import AcuLaMap, map_sizes
from .teacher_acula import load_teacher, teacher_embeddings, tokenize_reports


@dataclass
class AcuLaOutput(ModelOutput):
    """What an AcuLa model returns; text fields are there when text was given.

    Args:
        last_hidden_state: (recordings, tokens, D) of the audio encoder, with `token_mask` as it gives it.
        pooler_output: (recordings, D) of the audio encoder: the embedding that probes use.
        audio_embeds: (recordings, projection_size), windows averaged by their seconds, not normalised.
        text_embeds: (texts, projection_size), not normalised.
        text_branch_embeds: (texts, branches, projection_size) where a configuration has several text branches.
        audio_branch_embeds: (recordings, layers, projection_size) where it has several audio layers.
        logits_per_audio, logits_per_text: scaled cosine similarities, (recordings, texts) and its transpose.
        reconstruction_loss: the encoder's own pre-training objective, when asked for.
        views: (recordings, 2, size) of an encoder whose own objective compares two views, when asked for.
        logit_scale: the learned inverse temperature (after exp), with text only, like the bias.
        logit_bias: the learned bias.
    """

    last_hidden_state: torch.Tensor | None = None
    pooler_output: torch.Tensor | None = None
    audio_embeds: torch.Tensor | None = None
    text_embeds: torch.Tensor | None = None
    text_branch_embeds: torch.Tensor | None = None
    audio_branch_embeds: torch.Tensor | None = None
    logits_per_audio: torch.Tensor | None = None
    logits_per_text: torch.Tensor | None = None
    reconstruction_loss: torch.Tensor | None = None
    logit_scale: torch.Tensor | None = None
    logit_bias: torch.Tensor | None = None
    token_mask: torch.Tensor | None = None
    views: torch.Tensor | None = None


class AcuLaPreTrainedModel(AuscultPreTrainedModel):
    """Weights initialisation and shared settings."""

    config: AcuLaConfig
    config_class = AcuLaConfig
    base_model_prefix = "acula"
    input_modalities = ["audio", "text"]
    _supports_sdpa = True
    _supports_attention_backend = True

    @torch.no_grad()
    def _init_weights(self, module: nn.Module) -> None:
        if isinstance(module, nn.Linear):
            init.kaiming_uniform_(module.weight, a=5**0.5)
            bound = module.in_features**-0.5
            init.uniform_(module.bias, -bound, bound)
        elif isinstance(module, AcuLaMap):
            module.reset()
        elif isinstance(module, AcuLaModel):
            init.constant_(module.logit_scale, self.config.logit_scale_init)
            init.constant_(module.logit_bias, self.config.logit_bias_init)


def encoder_classes(config: Any) -> tuple[Any, Any]:
    """Return the model and, where there is one, the pre-training class of an audio encoder's configuration."""
    if config.model_type in ENCODERS:
        return ENCODERS[config.model_type][1:]
    model, pretraining = (auto._model_mapping.get(type(config), None) for auto in (AutoModel, AutoModelForPreTraining))
    if model is None:
        raise ValueError(f"transformers knows no model of the audio encoder's type {config.model_type!r}")
    return model, pretraining


def mean_branch(branches: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the mean of the branches' unit vectors (B, size), and the branches (B, branches, size) themselves."""
    return F.normalize(branches, dim=-1).mean(dim=1), branches


class AcuLaModel(AcuLaPreTrainedModel):
    """An audio encoder aligned with a frozen language model.

    The teacher is named in the configuration and loaded on first use of raw text; its weights are never saved here.

    Example:
        >>> config = AcuLaConfig(audio_config={"model_type": "opera-gt", "num_hidden_layers": 1,
        ...     "decoder_num_hidden_layers": 1}, text_size=384)
        >>> model = AcuLaModel(config).eval()
        >>> model.get_audio_features(torch.zeros(2, 256, 64)).shape
        torch.Size([2, 512])
    """

    def __init__(self, config: AcuLaConfig):
        super().__init__(config)
        model, pretraining = encoder_classes(config.audio_config)
        self.audio_model = (pretraining or model)._from_config(config.audio_config)
        layers, branches = len(config.audio_layers), config.text_branches
        self.audio_projection = (
            AcuLaBranches(config.hidden_size, layers, config) if layers else AcuLaProjection(config.pooled_size, config)
        )
        self.text_projection = (
            AcuLaBranches(config.text_size // branches, branches, config)
            if branches > 1
            else AcuLaProjection(config.text_size, config)
        )
        self.retrieval_map = None if config.retrieval_map == "none" else AcuLaMap(*self._map_sizes())
        self.logit_scale = nn.Parameter(torch.tensor(config.logit_scale_init))
        self.logit_bias = nn.Parameter(torch.tensor(config.logit_bias_init))
        # In a tuple, so that the teacher is not a sub-module: no parameter, no state dict, no gradient.
        self._teacher: tuple[Any, Any] | None = None
        self._feature_extractor: Any = None
        self.post_init()

    @property
    def audio_encoder(self) -> Any:
        """The encoder without its decoder: what downstream users keep."""
        return self.audio_model.base_model

    @property
    def can_reconstruct(self) -> bool:
        """Whether the audio encoder brings its own pre-training objective."""
        return self.audio_model.base_model is not self.audio_model

    @property
    def compares_views(self) -> bool:
        """Whether that objective compares two views of a recording with those of the others in the batch."""
        return hasattr(self.audio_model, "compare")

    @property
    def masks_patches(self) -> bool:
        """Whether that objective reconstructs hidden patches, and gives an embedding of the visible ones."""
        return hasattr(self.audio_model, "patchify")

    def get_audio_features(
        self,
        input_features: torch.Tensor,
        window_seconds: torch.Tensor | None = None,
        window_frames: torch.Tensor | None = None,
    ) -> torch.Tensor:
        """Project recordings, given as the feature extractor gives them, to (recordings, projection_size).

        A stored retrieval map is applied; it can have another width.
        """
        audio = self._audio(input_features, window_seconds, window_frames).audio_embeds
        assert audio is not None
        return audio

    def get_text_features(
        self,
        input_ids: torch.Tensor | None = None,
        attention_mask: torch.Tensor | None = None,
        text_embeddings: torch.Tensor | None = None,
    ) -> torch.Tensor:
        """Project reports to (texts, projection_size), from tokens of the teacher or its cached embeddings.

        A stored retrieval map is applied; it can have another width.
        """
        return self._text(input_ids, attention_mask, text_embeddings)[0]

    def set_retrieval_map(
        self,
        audio_mean: Any,
        text_mean: Any,
        matrix: Any,
        *,
        space: Literal["projected", "pooled"] = "projected",
        kind: str | None = None,
    ) -> None:
        """Store a map that was fitted on this model's training pairs: from now on features and scores go through it.

        Args:
            audio_mean, text_mean, matrix: `(audio - audio_mean) @ matrix` is compared with `text - text_mean`.
            space: `projected`: between both projections' outputs; `pooled`: from the encoder's embedding to the
                teacher's.
            kind: how it was fitted.

        Raises:
            ValueError: an unknown space, or arrays of other widths.
        """
        if space not in ("projected", "pooled"):
            raise ValueError(f"unknown space {space!r}; use projected or pooled")
        fitted = AcuLaMap(*self._map_sizes(space)).to(self.logit_scale)
        fitted.fill(audio_mean, text_mean, matrix)
        self.retrieval_map, self.config.retrieval_map, self.config.retrieval_map_kind = fitted, space, kind

    def drop_retrieval_map(self) -> None:
        """Remove the stored map: features are the projections again."""
        self.retrieval_map, self.config.retrieval_map, self.config.retrieval_map_kind = None, "none", None

    def _map_sizes(self, space: str | None = None) -> tuple[int, int]:
        config = self.config
        return map_sizes(space or config.retrieval_map, config.pooled_size, config.projection_size, config.text_size)

    def teacher(self) -> tuple[Any, Any]:
        """Return the frozen teacher and its tokenizer, loading them on first use."""
        if self._teacher is None:
            config = self.config
            if not config.teacher:
                raise ValueError("this model names no teacher; pass text_embeddings instead of tokens")
            self._teacher = load_teacher(
                config.teacher, config.teacher_revision, kind=config.teacher_kind, device=self.device
            )
        return self._teacher

    def encode_text(self, texts: Sequence[str]) -> torch.Tensor:
        """Tokenise, read and project reports: (texts, projection_size)."""
        _, tokenizer = self.teacher()
        config = self.config
        tokens = tokenize_reports(
            tokenizer,
            texts,
            max_tokens=config.teacher_max_tokens,
            pooling=config.teacher_pooling,
            lower_case=config.teacher_lower_case,
            prefix=config.teacher_prefix,
        )
        return self.get_text_features(tokens["input_ids"], tokens["attention_mask"])

    def encode_audio(self, recordings: Any) -> torch.Tensor:
        """Read, cut and project recordings (paths or `{"array", "sampling_rate"}`): (recordings, projection_size)."""
        if self._feature_extractor is None:
            # Who trusted this model's code trusts its extractor's, which stands in the same folder.
            self._feature_extractor = AutoFeatureExtractor.from_pretrained(
                self.config._name_or_path, trust_remote_code=self.is_remote_code() or None
            )
        return self.get_audio_features(
            **self._feature_extractor(recordings, return_tensors="pt").to(self.logit_scale.device)
        )

    @torch.no_grad()
    def score(self, audio: Any, text: Any) -> torch.Tensor:
        """Cosine similarity of every recording with every report, (recordings, texts) in [-1, 1].

        Args:
            audio: projected features, or recordings (paths, `{"array", "sampling_rate"}` mappings).
            text: projected features, or a list of reports.

        Raises:
            NonFiniteAudioError: a score is NaN.
        """
        audio = audio if isinstance(audio, torch.Tensor) else self.encode_audio(audio)
        if isinstance(text, str):
            text = [text]
        text = text if isinstance(text, torch.Tensor) else self.encode_text(text)
        scores = F.normalize(audio, dim=-1) @ F.normalize(text, dim=-1).T
        if not bool(scores.isfinite().all()):
            raise NonFiniteAudioError("scores are NaN", remedy="check the features and the weights of the model")
        return scores

    @can_return_tuple  # type: ignore[untyped-decorator]
    def forward(
        self,
        input_features: torch.Tensor,
        input_ids: torch.Tensor | None = None,
        attention_mask: torch.Tensor | None = None,
        text_embeddings: torch.Tensor | None = None,
        window_seconds: torch.Tensor | None = None,
        window_frames: torch.Tensor | None = None,
        noise: torch.Tensor | None = None,
        reconstruct: bool = False,
        token_type_ids: torch.Tensor | None = None,
        one_pass: bool = False,
    ) -> AcuLaOutput:
        """Encode audio and, where given, text.

        Args:
            input_features: (recordings, frames, bands), from the feature extractor.
            input_ids, attention_mask, token_type_ids: tokens of the teacher's tokenizer (types are unused).
            text_embeddings: (texts, text_size) cached teacher embeddings, instead of tokens.
            window_seconds, window_frames: from the feature extractor, see `EncoderMixin`.
            noise: masking noise for the reconstruction, (windows, patches).
            reconstruct: also run the encoder's own objective.
            one_pass: with `reconstruct`: the masked pass gives the embedding, too, that of the visible patches; rows
                are one window each.
        """
        own = None
        if one_pass and reconstruct:
            if self.config.audio_layers:
                raise ValueError("one_pass gives the last layer alone; this model aligns audio_layers")
            own = self.audio_model(input_features, noise=noise)
            pooled = own.pooler_output
            output = AcuLaOutput(pooler_output=pooled, audio_embeds=self.audio_projection(pooled))
        else:
            output = self._audio(input_features, window_seconds, window_frames)
        if input_ids is not None or text_embeddings is not None:
            text_embeds, output.text_branch_embeds = self._text(input_ids, attention_mask, text_embeddings)
            assert output.audio_embeds is not None
            cosine = F.normalize(output.audio_embeds, dim=-1) @ F.normalize(text_embeds, dim=-1).T
            output.text_embeds = text_embeds
            # Never the parameter itself: distributed training counts a returned parameter twice.
            output.logit_scale, output.logit_bias = self.logit_scale.exp(), self.logit_bias.clone()
            output.logits_per_audio = output.logit_scale * cosine + output.logit_bias
            output.logits_per_text = output.logits_per_audio.T
        if reconstruct:
            if not self.can_reconstruct:
                raise ValueError(f"{type(self.audio_model).__name__} has no pre-training objective")
            if own is None:
                own = self.audio_model(
                    input_features, noise=noise, window_seconds=window_seconds, window_frames=window_frames
                )
            output.reconstruction_loss = own.loss
            if self.compares_views:
                output.views = torch.stack([own.z1, own.z2], dim=1)
        return output

    def encode(self, windows: torch.Tensor, **settings: Any) -> AcuLaOutput:
        """Encode windows of one length: one row a window, as the audio encoder's `encode` takes and gives them."""
        layers, branches = self.config.audio_layers, None
        if layers:
            settings["output_hidden_states"] = True
        encoded = as_encoder(self.audio_encoder).encode(windows, **settings)
        if self.retrieval_map is not None and self.config.retrieval_map == "pooled":
            features = self.retrieval_map.audio(encoded.pooler_output)
        else:
            if layers:
                states = torch.cat([encoded.hidden_states[layer].mean(dim=1) for layer in layers], dim=-1)
                features, branches = mean_branch(self.audio_projection(states))
                branches = branches.flatten(1)  # of several windows the mean, like every field of two dimensions
            else:
                features = self.audio_projection(encoded.pooler_output)
            features = features if self.retrieval_map is None else self.retrieval_map.audio(features)
        return AcuLaOutput(
            last_hidden_state=encoded.last_hidden_state,
            pooler_output=encoded.pooler_output,
            audio_embeds=features,
            audio_branch_embeds=branches,
        )

    def _audio(
        self,
        input_features: torch.Tensor,
        window_seconds: torch.Tensor | None,
        window_frames: torch.Tensor | None,
    ) -> AcuLaOutput:
        rows = as_encoder(self.audio_encoder).cut(input_features, window_seconds, window_frames)
        # Of several windows the mean of the projections, not the projected mean.
        output = cast("AcuLaOutput", rows.apply(self.encode))
        if output.audio_branch_embeds is not None:
            output.audio_branch_embeds = output.audio_branch_embeds.unflatten(1, (len(self.config.audio_layers), -1))
        return output

    def _text(
        self,
        input_ids: torch.Tensor | None,
        attention_mask: torch.Tensor | None,
        text_embeddings: torch.Tensor | None,
    ) -> tuple[torch.Tensor, torch.Tensor | None]:
        """Return text features, and those of every branch where there are several."""
        if text_embeddings is None:
            if input_ids is None:
                raise ValueError("pass input_ids of the teacher's tokenizer, or text_embeddings of the teacher")
            mask = torch.ones_like(input_ids) if attention_mask is None else attention_mask
            config = self.config
            text_embeddings = teacher_embeddings(
                self.teacher()[0],
                input_ids,
                mask,
                layer=config.teacher_layer,
                pooling=config.teacher_pooling,
                combine=config.teacher_combine,
            )
        text_embeddings = text_embeddings.to(self.logit_scale)
        if self.retrieval_map is not None and self.config.retrieval_map == "pooled":
            return self.retrieval_map.text(text_embeddings), None
        projected, branches = self.text_projection(text_embeddings), None
        if projected.ndim == 3:
            projected, branches = mean_branch(projected)
        return (projected if self.retrieval_map is None else self.retrieval_map.text(projected)), branches


class AcuLaEncoder(EncoderMixin, AcuLaPreTrainedModel):
    """The aligned audio encoder alone, under the names it has in `AcuLaModel`: its weights load from there."""

    def __init__(self, config: AcuLaConfig):
        super().__init__(config)
        model, pretraining = encoder_classes(config.audio_config)
        encoder = model._from_config(config.audio_config)
        self.audio_model = encoder if pretraining is None else nn.ModuleDict({pretraining.base_model_prefix: encoder})
        # Of an AcuLaModel, the decoder and what belongs to reports stay behind.
        left = [r"^audio_projection\.", r"^text_projection\.", r"^retrieval_map\.", r"^logit_(scale|bias)$"]
        if pretraining is not None:
            left.append(rf"^audio_model\.(?!{pretraining.base_model_prefix}\.)")
        self._keys_to_ignore_on_load_unexpected = left
        self.post_init()

    @property
    def audio_encoder(self) -> Any:
        """The encoder itself."""
        parts: Any = self.audio_model
        return next(iter(parts.values())) if isinstance(parts, nn.ModuleDict) else parts

    def cut(
        self,
        input_features: torch.Tensor,
        window_seconds: torch.Tensor | None = None,
        window_frames: torch.Tensor | None = None,
    ) -> WindowGroups:
        """Cut rows as the audio encoder does."""
        return as_encoder(self.audio_encoder).cut(input_features, window_seconds, window_frames)

    def encode(self, windows: torch.Tensor, **settings: Any) -> EncoderOutput:
        """Encode windows as the audio encoder does."""
        return as_encoder(self.audio_encoder).encode(windows, **settings)


class AcuLaForAudioClassification(AudioClassificationMixin, AcuLaPreTrainedModel):
    """An aligned audio encoder under a classification head; loads the encoder of a saved `AcuLaModel`.

    Example:
        >>> config = AcuLaConfig(audio_config={"model_type": "opera-gt", "num_hidden_layers": 1}, num_labels=3)
        >>> AcuLaForAudioClassification(config).eval()(torch.rand(2, 256, 64)).logits.shape
        torch.Size([2, 3])
    """

    encoder_class = AcuLaEncoder


__all__ = ["AcuLaForAudioClassification", "AcuLaModel", "AcuLaPreTrainedModel"]
