"""What a dataset's metadata says of a recording, as single facts, each traced to the field it comes from."""

from __future__ import annotations

from .cells import Cells, Row, stated
from .mapping import Column, FieldMapping, Rule, TaskLabels
from .schema import CONCEPTS, VALUES, Fact, Kind, Polarity
from .settle import attributed, contradictions, settle

__all__ = [
    "CONCEPTS",
    "VALUES",
    "Cells",
    "Column",
    "Fact",
    "FieldMapping",
    "Kind",
    "Polarity",
    "Row",
    "Rule",
    "TaskLabels",
    "attributed",
    "contradictions",
    "settle",
    "stated",
]
