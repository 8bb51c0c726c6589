"""Where in time and frequency a decision comes from, and whether that is where the sound is."""

from __future__ import annotations

from .evidence import EvidenceSpec, evidence_of
from .heat import METHODS, heat_maps
from .localisation import Localisation, localise

__all__ = ["METHODS", "EvidenceSpec", "Localisation", "evidence_of", "heat_maps", "localise"]
