"""Benchmarks: what a sound must beat before it counts as heard."""

from __future__ import annotations

from .shortcuts import ShortcutFeatures, ShortcutResult, ShortcutSpec, evaluate_shortcuts, shortcut_features

__all__ = ["ShortcutFeatures", "ShortcutResult", "ShortcutSpec", "evaluate_shortcuts", "shortcut_features"]
