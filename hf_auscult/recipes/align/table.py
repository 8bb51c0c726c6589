"""A run's results as a table for people, in the terminal and on the card."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ...metrics import Interval
from .conditions import CONDITIONS

DASH = "–"


def render(results: Mapping[str, Any]) -> str:
    """Return the whole comparison as plain text."""
    data, config = results["data"], results["config"]
    splits = data["splits"]
    test = splits["test"]
    positives = f"{test[data['classes'][1]]} {data['classes'][1]} / {test[data['classes'][0]]} {data['classes'][0]}"
    head = (
        f"{data['dataset']} {config['data']['task']}: trained on {splits['train']['people']} people, "
        f"judged on {test['people']} others ({test['recordings']} recordings; {positives}).\n"
        "AUROC of a linear probe on frozen embeddings, 95 % interval over people; * = the difference's excludes zero."
    )
    parts = [
        head,
        grid(probe_rows(results)),
        "Retrieval among the held-out recordings and their reports "
        f"({results['conditions']['aligned']['retrieval']['map']}); zero-shot AUROC from class prompts.",
        grid(retrieval_rows(results)),
        "What else the embedding carries (held-out people).",
        grid(representation_rows(results)),
    ]
    return "\n\n".join(parts)


def probe_rows(results: Mapping[str, Any]) -> list[list[str]]:
    """Return the probe table, header first."""
    few = str(results["config"]["evaluation"]["label_fraction"])
    labelled = results["shortcut"]["figures"][few]["people"]
    amounts = ("all labels", f"{100 * float(few):g} % of labels ({_span(labelled)} people)")
    rows = [["", amounts[0], "aligned − this", amounts[1], "aligned − this", "asks"]]
    lines = [(name, found["title"], found["probe"], found["asks"]) for name, found in _conditions(results)]
    lines += [
        (
            "log_mel_statistics",
            "log-mel statistics",
            results["log_mel_statistics"]["probe"],
            "is an encoder needed?",
        ),
        ("shortcut", "metadata only (shortcut)", results["shortcut"], "is listening needed?"),
    ]
    for name, title, probe, asks in lines:
        cells = []
        for key in ("1.0", few):
            gain = results["gains"].get(name)
            cells += [_figure(probe["figures"][key]["recording"]), _gain(gain[key]) if gain else ""]
        rows.append([title, *cells, asks])
    return rows


def retrieval_rows(results: Mapping[str, Any]) -> list[list[str]]:
    """Return the retrieval and zero-shot table, header first; chance as its last row."""
    ways = (("audio_to_text", "a→t"), ("text_to_audio", "t→a"))
    keys = ("R@1", "R@5", "R@10", "median_rank")
    names = [f"{short} {'median rank' if key == 'median_rank' else key}" for _, short in ways for key in keys]
    rows = [["", *names, "zero-shot AUROC"]]
    chance: Mapping[str, Any] = {}
    for _, found in _conditions(results):
        if "retrieval" not in found:
            continue
        scores, intervals = found["retrieval"], found["retrieval"]["intervals"]
        chance = scores["chance"]
        cells = [
            _interval(intervals[way][key]) if key in ("R@10", "median_rank") else _number(scores[way][key])
            for way, _ in ways
            for key in keys
        ]
        shot = found.get("zero_shot")
        rows.append([found["title"], *cells, _interval(shot) if shot else DASH])
    rows.append(["chance", *(_number(chance[way][key]) for way, _ in ways for key in keys), ".500"])
    return rows


def representation_rows(results: Mapping[str, Any]) -> list[list[str]]:
    """Return effective rank, debiased CKA with the teacher and the sex probe, header first."""
    rows = [["", "effective rank", "debiased CKA with the teacher", "sex AUROC"]]
    for _, found in _conditions(results):
        measured = found["representation"]
        sex = _figure(found["sex"]) if found["sex"] else DASH
        rows.append([found["title"], f"{measured['effective_rank']:.1f}", f"{measured['debiased_cka']:.3f}", sex])
    return rows


def grid(rows: Sequence[Sequence[str]]) -> str:
    """Align columns of text; the first row is the header."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return "\n".join([lines[0], "─" * max(len(line) for line in lines), *lines[1:]])


def _conditions(results: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """Return the run's conditions in table order, whatever the order of the file."""
    return [(name, results["conditions"][name]) for name in CONDITIONS if name in results["conditions"]]


def tables(results: Mapping[str, Any]) -> dict[str, list[list[str]]]:
    """Return the rows of every table, for the card."""
    return {
        "probe": probe_rows(results),
        "retrieval": retrieval_rows(results),
        "representation": representation_rows(results),
    }


def _figure(figure: Mapping[str, Any]) -> str:
    if figure["interval"]:
        return _interval(figure["interval"])
    return f"{figure['value']:.3f}" if figure["value"] is not None else DASH


def _gain(values: Mapping[str, Any]) -> str:
    mark = " *" if Interval(**values).excludes(0.0) else ""
    return f"{'+' if values['value'] >= 0 else ''}{Interval(**values)}{mark}"


def _interval(values: Mapping[str, Any]) -> str:
    return str(Interval(**values))


def _number(value: float) -> str:
    return f"{value:.1f}" if value >= 1 else f"{value:.3f}".lstrip("0")


def _span(numbers: Sequence[int]) -> str:
    low, high = min(numbers), max(numbers)
    return str(low) if low == high else f"{low}–{high}"
