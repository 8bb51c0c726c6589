"""README.md of a set of reports, rendered from what lies beside it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from jinja2 import Environment, PackageLoader, StrictUndefined

from ..files import write_text
from ..metrics.tables import Markup, Table, interval
from .grounding import Proportion
from .report_set import GROUNDING, LEAKAGE, TABLE, SetInfo, read_info

_MEASURES = {"consistency": "contradicts nothing", "unsupported": "adds something", "omission": "leaves a fact out"}


def write_card(folder: Path) -> None:
    """Render the card of a set whose table, reports.json and grounding.json are there, and leakage.json if it is."""
    leakage = folder / LEAKAGE
    text = render_card(
        read_info(folder),
        json.loads((folder / GROUNDING).read_text("utf-8")),
        json.loads(leakage.read_text("utf-8")) if leakage.is_file() else None,
    )
    write_text(folder / "README.md", text)


def render_card(info: SetInfo, grounding: Mapping[str, Any], leakage: Mapping[str, Any] | None) -> str:
    """Return the card's Markdown.

    Args:
        info: how the set came about.
        grounding: content of grounding.json.
        leakage: content of leakage.json.
    """
    environment = Environment(
        loader=PackageLoader("hf_auscult.reports", ""), undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    front = {
        "language": ["en"],
        "task_categories": ["audio-classification"],
        "tags": ["auscultation", "body-sounds", "synthetic", "clinical-reports", info.dataset],
        "pretty_name": f"Reports on {info.dataset}",
        # load_dataset names its cache by this YAML and not by the files: without the hash, a set that was made again
        # would be answered from the old cache. All splits stand in one table, whose column says which.
        "configs": [
            {
                "config_name": "default",
                "description": f"content {info.content_sha256}",
                "data_files": [{"split": "reports", "path": TABLE}],
            }
        ],
    }
    text = environment.get_template("card.md.j2").render(
        front=yaml.safe_dump(front, sort_keys=False, allow_unicode=True).strip(),
        info=info,
        settings=info.settings,
        counts=info.counts,
        generator=info.settings["generator"],
        leakage=leakage,
        origin=_origin(info),
        grounding=_grounding(grounding),
        leaks=None if leakage is None else _leakage(leakage),
    )
    return text.rstrip() + "\n"


def _origin(info: SetInfo) -> str:
    settings = info.settings
    generator = ", ".join(f"{name} {value}" for name, value in sorted(settings["generator"].items()))
    hides = ""
    if settings["mask"] in ("paper", "strict"):
        hides = f" (hides the label of {settings['task'] or 'every task'})"
    rows = [
        ("generator", generator),
        *(
            (Markup(f"system prompt `{name}`"), Markup(f"sha256 `{digest}`"))
            for name, digest in sorted(settings["prompts"].items())
        ),
        ("mask", f"{settings['mask']}{hides}: {info.leaks}"),
        ("draws per recording", f"{settings['draws']} (seed {settings['seed']})"),
        ("text that fails the grounding check", settings["on_ungrounded"]),
        ("source", f"{info.dataset}, config {settings['config']}, content sha256 {settings['content_sha256']}"),
        *((f"reports on people of {split}", f"{count:,}") for split, count in sorted(info.counts["splits"].items())),
    ]
    return Table(("", ""), rows, names=2).markdown()


def _grounding(content: Mapping[str, Any]) -> str:
    def share(part: str, name: str) -> str:
        figure = content[part][name]
        return str(Proportion(figure["count"], figure["n"], figure["low"], figure["high"]))

    rows = [(title, share("written", name), share("kept", name)) for name, title in _MEASURES.items()]
    return Table(("measure", "texts written", "reports in the set"), rows, names=3).markdown()


def _leakage(content: Mapping[str, Any]) -> str:
    rows = [
        (
            mask_name if mask_name == "this set" else f"templates, mask {mask_name}",
            figure["reader"],
            interval(*(figure["auroc"][name] for name in ("value", "low", "high"))),
            "yes" if figure["at_chance"] else "no",
        )
        for mask_name, mask in content["masks"].items()
        for figure in mask["readers"]
    ]
    header = ("texts", "read by", f"AUROC [{100 * content['level']:g} % interval]", "at chance")
    return Table(header, rows, names=2).markdown()
