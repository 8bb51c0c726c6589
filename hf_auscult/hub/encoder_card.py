"""The card of an encoder that was converted, fine-tuned or made by hand: what its folder and the registers know."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..data.contamination import exposures
from ..data.trained_on import FILE as PEOPLE_FILE
from ..errors import ConfigurationError, DataError
from .cards import CODE_LICENCE, RESEARCH_ONLY, CardHead, data_licences, families, most_restrictive, template

PIPELINES = {"ForAudioClassification": "audio-classification", "AcuLaModel": "zero-shot-audio-classification"}


def render_encoder_card(
    folder: str | Path, repo_id: str, *, licence: str | None = None, tags: Sequence[str] = (), complete: bool = False
) -> str:
    """Write the card of a saved model from its settings.

    Args:
        folder: that `save_pretrained` wrote.
        repo_id: that the snippet names.
        licence: the Hub's tag; otherwise the most restrictive of the code's, the origin's and the data's.
        tags: further ones.
        complete: refuse a card whose licence nobody knows.

    Raises:
        ConfigurationError: no saved model.
        DataError: `complete`, and the licence is unknown.
    """
    settings = _json(Path(folder) / "config.json")
    if "model_type" not in settings:
        raise ConfigurationError("no saved model", where=folder, remedy="give a folder that save_pretrained wrote")
    extractor = _json(Path(folder) / "preprocessor_config.json")
    origins = [name for name in _origins(settings) if name in families()]
    trained_on = sorted(_json(Path(folder) / PEOPLE_FILE).get("datasets", {}))
    licences = {"code": CODE_LICENCE, **{name: families()[name]["tag"] for name in origins}}
    licences |= data_licences(trained_on)
    known = licence or (most_restrictive(licences.values()) if origins or trained_on else "unknown")
    if complete and known == "unknown":
        raise DataError(
            "nobody says under which licence these weights may be passed on",
            where=folder,
            remedy="pass --licence with the Hub's tag, e.g. cc-by-4.0",
        )
    architecture = (settings.get("architectures") or [""])[0]
    pipeline = next((tag for end, tag in PIPELINES.items() if architecture.endswith(end)), "feature-extraction")
    head = CardHead(
        name=repo_id.rpartition("/")[2],
        licence=known,
        pipeline_tag=pipeline,
        tags=[settings["model_type"], *tags],
        datasets=[f"auscult/{name}" for name in trained_on],
        language=["en"] if settings["model_type"] == "acula" else [],
    )
    ledger = [item for name in origins for item in exposures(name)]
    text: str = template("encoder.md.j2").render(
        front=head.to_yaml().strip(),
        name=head.name,
        repository=repo_id,
        notice=RESEARCH_ONLY,
        architecture=architecture or settings["model_type"],
        settings=settings,
        front_end=extractor.get("front_end"),
        rate=extractor.get("sampling_rate"),
        needs=_needs(extractor),
        families=[families()[name] for name in origins],
        licences=licences,
        licence=head.licence,
        ledger=sorted({(item.dataset, item.part, item.evidence) for item in ledger}),
        trained_on=trained_on,
        labels=list((settings.get("id2label") or {}).values()) if pipeline == "audio-classification" else [],
        pipeline=pipeline,
    )
    return text.rstrip() + "\n"


def render_family_card(family: str, parity: str) -> str:
    """Write what is known of a published family: how to convert it, parity, licence, citation.

    Args:
        family: as `convert` names it.
        parity: in a few words.
    """
    seen = sorted({f"{item.dataset} ({item.part})" for item in exposures(family)})
    if "trained_on" in families()[family]:
        seen = [families()[family]["trained_on"], *seen]
    text: str = template("family.md.j2").render(
        family=family, facts=families()[family], parity=parity, trained_on=seen, notice=RESEARCH_ONLY
    )
    return text.rstrip() + "\n"


def _origins(settings: dict[str, Any]) -> list[str]:
    inner = settings.get("audio_config") or {}
    return list(dict.fromkeys([*(settings.get("weights_origin") or []), *(inner.get("weights_origin") or [])]))


def _needs(extractor: dict[str, Any]) -> list[str]:
    """Return what the repository's code needs beside torch and transformers, and for what."""
    kind = (extractor.get("front_end") or {}).get("kind")
    needs = ["soundfile (to read files)", "soxr (for recordings of another sampling rate)"]
    needs += ["torchaudio (Kaldi's filter bank)"] if kind == "kaldi" else []
    needs += ["opensmile"] if "feature_set" in extractor else []
    return needs


def _json(file: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(file.read_text("utf-8")) if file.is_file() else {}
    return content


__all__ = ["render_encoder_card", "render_family_card"]
