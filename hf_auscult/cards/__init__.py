"""Model cards from observed facts: nothing on a card that a run did not see."""

from __future__ import annotations

from .model_card import render_model_card, usage_snippet, write_model_card

__all__ = ["render_model_card", "usage_snippet", "write_model_card"]
