"""README.md of a set of reports, rendered from what lies beside it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml
from jinja2 import Environment, PackageLoader, StrictUndefined

from ..files import write_text
from .report_set import GROUNDING, LEAKAGE, TABLE, about_set


def write_card(folder: Path) -> None:
    """Render the card of a set whose table, reports.json and grounding.json are there, and leakage.json if it is."""
    about = about_set(folder)
    leakage = folder / LEAKAGE
    write_text(
        folder / "README.md",
        render_card(
            about,
            json.loads((folder / GROUNDING).read_text("utf-8")),
            json.loads(leakage.read_text("utf-8")) if leakage.is_file() else None,
        ),
    )


def render_card(about: dict[str, Any], grounding: dict[str, Any], leakage: dict[str, Any] | None) -> str:
    """Return the card's Markdown.

    Args:
        about: contents of reports.json.
        grounding: contents of grounding.json.
        leakage: contents of leakage.json.
    """
    environment = Environment(
        loader=PackageLoader("hf_auscult.reports", ""), undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["share"] = _share
    settings = about["settings"]
    front = {
        "language": ["en"],
        "task_categories": ["audio-classification"],
        "tags": ["auscultation", "body-sounds", "synthetic", "clinical-reports", settings["dataset"]],
        "pretty_name": f"Reports on {settings['dataset']}",
        # load_dataset names its cache by this YAML and not by the files: without the hash, a set that was made again
        # would be answered from the old cache. All splits stand in one table, whose column says which.
        "configs": [
            {
                "config_name": "default",
                "description": f"content {about['content_sha256']}",
                "data_files": [{"split": "reports", "path": TABLE}],
            }
        ],
    }
    text = environment.get_template("card.md.j2").render(
        front=yaml.safe_dump(front, sort_keys=False, allow_unicode=True).strip(),
        about=about,
        settings=settings,
        counts=about["counts"],
        generator=settings["generator"],
        grounding=grounding,
        leakage=leakage,
    )
    return text.rstrip() + "\n"


def _share(found: dict[str, Any]) -> str:
    return f"{found['count']} of {found['n']} ({100 * found['value']:.1f} %, 95 % interval " + (
        f"{100 * found['low']:.1f} to {100 * found['high']:.1f} %)"
    )
