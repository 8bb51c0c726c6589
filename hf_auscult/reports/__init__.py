"""Clinical reports from metadata: facts, forms that mask facts before writing, template prose, class prompts."""

from __future__ import annotations

from .facts import CIRCOR_FIELDS, Fact, circor_facts
from .generate import GENERATORS, Report, generate
from .masking import FORMS, Form
from .prompts import class_prompts

__all__ = [
    "CIRCOR_FIELDS",
    "FORMS",
    "GENERATORS",
    "Fact",
    "Form",
    "Report",
    "circor_facts",
    "class_prompts",
    "generate",
]
