"""Expert review of reports: a page to read and listen with, and Table II from what the expert filled in."""

from __future__ import annotations

from .score import ReviewScore, score_review
from .sheet import COLUMNS, QUESTIONS, Review, ReviewRow, make_review, sample

__all__ = ["COLUMNS", "QUESTIONS", "Review", "ReviewRow", "ReviewScore", "make_review", "sample", "score_review"]
