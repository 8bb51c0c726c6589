"""What a suite's numbers leave open: calibration, prediction sets, abstention, and who is served worse."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..results import SuiteResult
from .markdown import NONE, number, table


def calibration(result: SuiteResult) -> str:
    """Probabilities of two-class tasks: how far off, and what can be promised; empty where there is none."""
    rows = []
    for task in result.tasks:
        for found in task.results:
            trust = found.trust
            if "ece" not in trust or found.protocol != result.protocols[0]:
                continue
            everybody = trust["sets"].get("everybody", {})
            rows.append(
                (
                    task.spec.number,
                    found.model,
                    _interval(trust["ece"]),
                    _interval(trust["brier"]),
                    _plain(trust["line"], "slope"),
                    _plain(trust["line"], "intercept"),
                    _plain(trust["temperature"], "value"),
                    _plain(trust["temperature"], "ece"),
                    _interval(everybody.get("coverage", {})),
                    _plain(everybody.get("sizes", {}), "mean"),
                    _plain(trust["selective"], "auroc"),
                )
            )
    header = ("", "model", "ECE", "Brier", "slope", "intercept", "temperature", "ECE after it")
    return table((*header, "coverage of 90 % sets", "classes a set", "AUROC, surest 80 %"), rows) if rows else ""


def subgroups(result: SuiteResult) -> str:
    """Sensitivity, specificity, accuracy and AUROC by sex and age; groups with too few positive people are refused."""
    rows = []
    for task in result.tasks:
        for found in task.results:
            fairness = found.trust.get("fairness", {})
            if found.protocol != result.protocols[0] or "groups" not in fairness:
                continue
            cells: dict[tuple[str, str], dict[str, Mapping[str, Any]]] = {}
            for one in fairness["groups"]:
                cells.setdefault((one["attribute"], one["group"]), {})[one["figure"]] = one
            for (attribute, group), figures in cells.items():
                first = next(iter(figures.values()))
                shown = [_group(figures.get(name)) for name in ("sensitivity", "specificity", "accuracy", "auroc")]
                people = f"{first['people']} ({first['positives']})"
                rows.append((task.spec.number, found.model, f"{attribute}: {group}", people, *shown))
    header = ("", "model", "group", "people (positive)", "sensitivity", "specificity", "accuracy", "AUROC")
    return table(header, rows) if rows else ""


def _group(one: Mapping[str, Any] | None) -> str:
    if one is None:
        return NONE
    return _interval(one["interval"]) if one["interval"] else "too few"


def _interval(figure: Mapping[str, Any] | None) -> str:
    if not figure or figure.get("value") is None:
        return NONE
    return f"{number(figure['value'])} [{number(figure['low'])}, {number(figure['high'])}]"


def _plain(figure: Mapping[str, Any], name: str) -> str:
    return number(figure[name]) if name in figure else NONE
