"""Clinical reports from metadata: facts, masks, texts from templates or language models, and their grounding."""

from __future__ import annotations

from ..data.facts import Fact, FieldMapping
from .diversity import Diversity, diversity
from .facts import FACTS, facts_of
from .generate import Report, generate, requests_of
from .generators import GENERATORS
from .grounding import Grounding, Statement, check
from .grounding.entailment import Entailment, Inferred
from .leakage import READERS, Leakage, LeakageSettings, leakage
from .lexicon import extend_lexicon
from .masking import MASKS, STRENGTHS, Mask, mask_of
from .middle import Middle, MiddleStep, middle_mask
from .prompts import class_prompts

__all__ = [
    "FACTS",
    "GENERATORS",
    "MASKS",
    "READERS",
    "STRENGTHS",
    "Diversity",
    "Entailment",
    "Fact",
    "FieldMapping",
    "Grounding",
    "Inferred",
    "Leakage",
    "LeakageSettings",
    "Mask",
    "Middle",
    "MiddleStep",
    "Report",
    "Statement",
    "check",
    "class_prompts",
    "diversity",
    "extend_lexicon",
    "facts_of",
    "generate",
    "leakage",
    "mask_of",
    "middle_mask",
    "requests_of",
]
