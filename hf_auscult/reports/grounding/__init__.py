"""Grounding: does a report state its facts, contradict none and add nothing?"""

from __future__ import annotations

from .check import Grounding, check
from .statements import Statement
from .summary import GroundingSummary, Proportion, proportion, summarise

__all__ = ["Grounding", "GroundingSummary", "Proportion", "Statement", "check", "proportion", "summarise"]
