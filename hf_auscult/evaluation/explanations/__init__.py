"""Where in time and frequency a decision comes from, and whether that is where the sound is."""

from __future__ import annotations

from .evidence import EvidenceSpec, evidence_of
from .explain import ExplainSettings, Explanation, explain
from .heat import METHODS, heat_maps
from .localisation import Localisation, localise

__all__ = [
    "METHODS",
    "EvidenceSpec",
    "ExplainSettings",
    "Explanation",
    "Localisation",
    "evidence_of",
    "explain",
    "heat_maps",
    "localise",
]
