"""What a language model is told: a versioned system prompt by organ, and the facts as ``name: value`` lines."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files

import yaml

from ...data.facts import Fact
from ...errors import ConfigurationError
from ..lexicon import ancestors, terms_of
from ..templates import age_words
from .base import Request

VERSION = "v2"
_FOLDER = files("hf_auscult.reports.generators") / "prompts"
_UNITS = {"height": "cm", "weight": "kg", "bmi": "kg/m²"}
_NAMES = {"bmi": "body mass index", "sound": "recorded", "site": "site of the recording", "loudest": "loudest at",
          "location": "heard at", "heard_here": "heard at the site of the recording", "condition": "medical history",
          "disease": "diagnosis", "finding": "auscultation", "age_group": "age group", "smoking": "smoking status",
          "recording_quality": "quality of the recording", "outcome": "overall assessment"}  # fmt: skip
_VALUES = {("symptom", "symptom"): "symptoms", ("heard_here", "yes"): "yes", ("location", "other"): "another place"}
_LISTED = ("finding", "disease", "symptom", "condition", "location")
"""Concepts of which several facts of one source stand in one line."""


@dataclass(frozen=True)
class SystemPrompt:
    """A system prompt, after appendix A of arXiv 2512.04847.

    Args:
        name: of its file, e.g. ``heart.v1``.
        text: what the model reads.
        sha256: of the text; stands beside every report that it led to.
    """

    name: str
    text: str
    sha256: str


def system_prompt(organ: str, version: str = VERSION) -> SystemPrompt:
    """Read the prompt of an organ's specialist.

    Raises:
        ConfigurationError: there is none.

    Example:
        >>> system_prompt("heart").text.split(".")[0]
        'You are a cardiologist who dictates the report on an auscultation of the heart'
    """
    if version == "v1":
        file = _FOLDER / f"{organ}.v1.txt"
        text = file.read_text("utf-8").strip() if file.is_file() else None
    else:
        table = yaml.safe_load((_FOLDER / f"{version}.yaml").read_text("utf-8"))
        given = table["specialists"].get(organ)
        words = dict(zip(("specialist", "subject", "terms"), given, strict=True)) if given else {}
        text = table["text"].format(**words).strip() if words else None
    if text is None:
        known = sorted(entry.name.removesuffix(".v1.txt") for entry in _FOLDER.iterdir() if entry.name.endswith("txt"))
        raise ConfigurationError(f"no prompt for organ {organ!r}, {version}", remedy=f"choose one of {known}")
    return SystemPrompt(f"{organ}.{version}", text, hashlib.sha256(text.encode()).hexdigest())


def fact_lines(facts: Sequence[Fact], noun: str = "murmur") -> list[str]:
    """Facts as ``name: value`` lines, with the names and units that a clinician uses, each thing once.

    Example:
        >>> facts = [Fact("finding", "wheeze", "w", "absent"), Fact("finding", "crackle", "c")]
        >>> facts.append(Fact("age", "0.58", "a"))
        >>> fact_lines([*facts, Fact("timing", "holosystolic", "t", of="systolic murmur")], noun="sound")
        ['auscultation: crackle, no wheeze', 'age: 7 months', 'timing of the systolic sound: holosystolic']
    """
    lines: dict[tuple[str, str, str], list[str]] = {}
    for fact in facts:
        if fact.polarity == "present" and any(_kind_of(other, fact) for other in facts):
            continue
        name = _NAMES.get(fact.concept, fact.concept.replace("_", " "))
        name += f" of the {_named(fact.of, noun)}" if fact.of else ""
        source = "" if fact.source in (None, "record", "annotator") else f" ({fact.source})"
        value = _named(_VALUES.get((fact.concept, fact.value), _worded(fact)), noun)
        text = {"present": value, "absent": f"no {value}", "unknown": f"{value}: could not be determined"}
        values = lines.setdefault((name, source, "" if fact.concept in _LISTED else fact.value), [])
        values += [] if text[fact.polarity] in values else [text[fact.polarity]]
    return [
        f"{name}: {', '.join(sorted(values, key=lambda value: value.startswith('no ')))}{source}"
        for (name, source, _), values in lines.items()
    ]


def _kind_of(one: Fact, other: Fact) -> bool:
    """Whether one finding is a kind of another, so that the other need not be said: fine crackles are crackles."""
    if not one.concept == other.concept == "finding" or one.polarity != "present" or one.value == other.value:
        return False
    return terms_of(other.value)[0] in ancestors(terms_of(one.value)[0])


def _worded(fact: Fact) -> str:
    """A value with its unit: an age below two years in months, below two months in weeks."""
    if fact.concept in _UNITS:
        return f"{fact.value} {_UNITS[fact.concept]}"
    if fact.concept == "age":
        figure, unit = age_words(fact.value)
        return f"{figure} {unit}" if unit else f"{figure} years"
    return fact.value


def user_prompt(request: Request) -> str:
    """Return the request's facts, one a line, and what was wrong with the text before."""
    lines = fact_lines(request.facts, request.noun)
    if request.correction:
        lines += ["", f"A draft was turned down: {request.correction} Use the information above only."]
    return "\n".join(lines)


def prompts_of(organs: Sequence[str]) -> dict[str, str]:
    """Name -> sha256 of the prompts of some organs."""
    return {prompt.name: prompt.sha256 for prompt in map(system_prompt, sorted(set(organs)))}


def _named(words: str, noun: str) -> str:
    return words.replace("murmur", noun or "sound")
