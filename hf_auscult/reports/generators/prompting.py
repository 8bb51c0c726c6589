"""What a language model is told: a versioned system prompt by organ, and the facts as ``field: value`` lines."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files

from ...data.facts import Fact
from ...errors import ConfigurationError
from .base import Request

VERSION = "v1"
_FOLDER = files("hf_auscult.reports.generators") / "prompts"


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
        'You are a cardiologist who dictates the findings of an auscultation of the heart'
    """
    file = _FOLDER / f"{organ}.{version}.txt"
    if not file.is_file():
        known = sorted(entry.name.removesuffix(f".{version}.txt") for entry in _FOLDER.iterdir())
        raise ConfigurationError(f"no prompt for organ {organ!r}, {version}", remedy=f"choose one of {known}")
    text = file.read_text("utf-8").strip()
    return SystemPrompt(f"{organ}.{version}", text, hashlib.sha256(text.encode()).hexdigest())


def fact_line(fact: Fact, noun: str = "murmur") -> str:
    """One fact as a ``field: value`` line.

    Example:
        >>> fact_line(Fact("finding", "wheeze", "wheezes", polarity="absent"))
        'finding: no wheeze'
        >>> fact_line(Fact("timing", "holosystolic", "t", of="systolic murmur"), noun="sound")
        'timing of the systolic sound: holosystolic'
    """
    label = fact.concept.replace("_", " ") + (f" of the {_named(fact.of, noun)}" if fact.of else "")
    value = _named(fact.value, noun)
    worded = {"present": value, "absent": f"no {value}", "unknown": f"{value}: could not be determined"}
    return f"{label}: {worded[fact.polarity]}"


def user_prompt(request: Request) -> str:
    """Return the request's facts, one a line, and what was wrong with the text before."""
    lines = [fact_line(fact, request.noun) for fact in request.facts]
    if request.correction:
        lines += ["", f"A draft was turned down: {request.correction} Use the information above only."]
    return "\n".join(lines)


def prompts_of(organs: Sequence[str]) -> dict[str, str]:
    """Name -> sha256 of the prompts of some organs."""
    return {prompt.name: prompt.sha256 for prompt in map(system_prompt, sorted(set(organs)))}


def _named(words: str, noun: str) -> str:
    return words.replace("murmur", noun or "sound")
