"""Where the annotators heard it: intervals of seconds, and the band of frequencies that a sound lives in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ...errors import ConfigurationError

Interval = tuple[float, float]

_PART = {"holosystolic": (0.0, 1.0), "early-": (0.0, 0.5), "mid-": (0.25, 0.75), "late-": (0.5, 1.0)}
_STATES = {"systolic": 2, "diastolic": 4}


@dataclass(frozen=True)
class EvidenceSpec:
    """What a dataset's annotation says of where a sound is.

    Args:
        dataset: whose rows it reads.
        config: task that is explained.
        positive: class whose evidence is looked for.
        band: frequencies (Hz) in which the sound is expected.
        source: of the band.
    """

    dataset: str
    config: str
    positive: str
    band: tuple[float, float]
    source: str


EVIDENCE: Mapping[tuple[str, str], EvidenceSpec] = {
    (item.dataset, item.config): item
    for item in (
        EvidenceSpec("circor", "murmur", "Present", (25, 600), "murmurs: mostly below 600 Hz"),
        EvidenceSpec("circor", "murmur_any", "Murmur", (25, 600), "murmurs: mostly below 600 Hz"),
        EvidenceSpec(
            "sprsound",
            "normal_adventitious",
            "Adventitious",
            (100, 2000),
            "CORSA: wheezes from 100 Hz, crackles to 2 kHz",
        ),
    )
}


def spec_of(dataset: str, config: str) -> EvidenceSpec:
    """Find what can be explained of a dataset's task.

    Raises:
        ConfigurationError: its annotation does not say where the sound is.

    Example:
        >>> spec_of("circor", "murmur").positive
        'Present'
    """
    if (dataset, config) not in EVIDENCE:
        known = ", ".join(f"{name} {task}" for name, task in EVIDENCE)
        raise ConfigurationError(
            f"nothing says where in a recording the evidence of {config!r} is", where=dataset, remedy=f"use {known}"
        )
    return EVIDENCE[dataset, config]


def evidence_of(dataset: str, row: Mapping[str, Any]) -> tuple[list[Interval], list[Interval]] | None:
    """Intervals (s) with the sound, and all intervals that were annotated; None where the row does not say.

    CirCor: the part of systole or diastole that the murmur's timing names, in recordings of the sites where it is
    audible; only annotated beats count. SPRSound: adventitious events; the whole recording counts.

    Example:
        >>> row = {"events": [{"start": 1.0, "end": 1.5, "type": "Wheeze"}], "duration": 4.0}
        >>> evidence_of("sprsound", row)
        ([(1.0, 1.5)], [(0.0, 4.0)])
    """
    if dataset == "sprsound":
        events = [(event["start"], event["end"]) for event in row["events"] or () if event["type"] != "Normal"]
        return (events, [(0.0, float(row["duration"]))]) if events else None
    if dataset == "circor":
        return _murmur(row)
    raise ConfigurationError(f"no annotation of where sounds are in {dataset!r}")


def _murmur(row: Mapping[str, Any]) -> tuple[list[Interval], list[Interval]] | None:
    codes = {"aortic": "AV", "pulmonary": "PV", "tricuspid": "TV", "mitral": "MV", "other": "Phc"}
    heard = str(row.get("murmur_locations") or "").split("+")
    beats = [item for item in row["segmentation"] or () if item["state"] != 0]
    if not beats or codes.get(str(row.get("site"))) not in heard:
        return None
    found: list[Interval] = []
    for phase, state in _STATES.items():
        timing = str(row.get(f"{phase}_murmur_timing") or "").lower()
        share = next((part for name, part in _PART.items() if timing.startswith(name)), None)
        if timing.startswith("holo"):
            share = (0.0, 1.0)
        if share is None:
            continue
        for beat in beats:
            if beat["state"] == state:
                length = beat["end"] - beat["start"]
                found.append((beat["start"] + share[0] * length, beat["start"] + share[1] * length))
    annotated = [(item["start"], item["end"]) for item in beats]
    return (sorted(found), annotated) if found else None
