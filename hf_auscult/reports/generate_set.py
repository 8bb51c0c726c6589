"""Reports on a prepared dataset: write them, check them, and keep what failed apart."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from tqdm.auto import tqdm

from ..data import load_prepared
from ..data.guards import is_reserved
from ..data.load import manifest_of
from ..data.people import ids_of
from ..errors import ConfigurationError
from ..files import new_folder, sole_writer, write_json
from .card import write_card
from .generate import requests_of
from .generators import Failed, Generator, Request, TemplateGenerator, Written, prompts_of, system_prompt
from .grounding import summarise
from .masking import mask_of
from .report_set import GROUNDING, INFO, MissingReport, SetInfo, SetRow, check_target, write_set
from .verify import Checked, Policy, write_checked


@dataclass(frozen=True)
class ReportSettings:
    """What a set of reports is made of, besides its generator.

    Args:
        config: of the prepared dataset: ``recordings``, or a task's, e.g. ICBHI's ``cycles``.
        mask: of :data:`hf_auscult.reports.MASKS`, see :func:`hf_auscult.reports.mask_of`.
        task: whose label the mask hides; None for those of all tasks.
        mapping: YAML file of a field mapping, for a dataset that has no reader of facts.
        seed: of the phrasing.
        draws: paraphrases a recording.
        on_ungrounded: see :func:`hf_auscult.reports.verify.write_checked`.
        measured: for the mask ``middle``: field that is taken away -> why.
    """

    config: str = "recordings"
    mask: str = "none"
    task: str | None = None
    mapping: str | None = None
    seed: int = 0
    draws: int = 1
    on_ungrounded: Policy = "drop"
    measured: Mapping[str, str] | None = None


@dataclass(frozen=True)
class ReportRows:
    """The rows of one config of a prepared dataset.

    Args:
        dataset: its name.
        content: hash of the config's files, as `prepare` wrote it.
        rows: metadata; ``split`` and, in a task's config, the class name as ``label`` beside it.
    """

    dataset: str
    content: str
    rows: tuple[dict[str, Any], ...]

    def unlocked(self) -> list[dict[str, Any]]:
        """Rows of people who are not reserved as a locked test set."""
        return [row for row in self.rows if not any(is_reserved(name, self.dataset) for name in ids_of(row))]


def load_rows(folder: str | Path, config: str = "recordings") -> ReportRows:
    """Read the rows of a prepared dataset.

    Raises:
        ConfigurationError: no such config.
        DataError: not a prepared dataset.
    """
    manifest = manifest_of(Path(folder))
    rows: list[dict[str, Any]] = []
    for split, part in load_prepared(folder, config).items():
        label = part.features.get("label")
        names = getattr(label, "names", None)
        for row in part.remove_columns("audio"):
            named = {"label": names[row["label"]]} if names is not None else {}
            rows.append({**row, **named, "split": str(split)})
    if not rows:
        raise ConfigurationError(f"config {config!r} has no recordings", where=folder, remedy="choose another config")
    return ReportRows(str(manifest["dataset"]), str(manifest["content_sha256"][config]), tuple(rows))


@dataclass(frozen=True)
class Plan:
    """Everything that has to be written, before anything is.

    Args:
        settings: of the set.
        source: the prepared rows.
        requests: ``draws`` a row, in the rows' order.
        leaks: what the mask still lets through, in words.
    """

    settings: ReportSettings
    source: ReportRows
    requests: tuple[Request, ...]
    leaks: str

    def row_of(self, number: int) -> Mapping[str, Any]:
        """Row that a request is about."""
        return self.source.rows[number // self.settings.draws]


def plan_set(folder: str | Path, settings: ReportSettings | None = None) -> Plan:
    """Read a prepared dataset and mask its facts.

    Raises:
        ConfigurationError: unknown config, mask, task or dataset.
        DataError: not a prepared dataset, or a value that the dataset does not use.
    """
    settings = settings or ReportSettings()
    source = load_rows(folder, settings.config)
    named = settings.mapping or source.dataset
    mask = mask_of(named, settings.task, settings.mask, measured=settings.measured)
    requests = requests_of(source.rows, dataset=named, mask=mask, seed=settings.seed, draws=settings.draws)
    return Plan(settings, source, tuple(requests), mask.leaks)


def settings_of(plan: Plan, generator: Generator) -> dict[str, Any]:
    """Everything that the set depends on."""
    prompts = {} if generator.name == "template" else prompts_of([request.organ for request in plan.requests])
    return {
        "dataset": plan.source.dataset,
        "content_sha256": plan.source.content,
        **asdict(plan.settings),
        "generator": generator.settings(),
        "prompts": prompts,
    }


def generate_set(
    plan: Plan,
    output: str | Path,
    generator: Generator | None = None,
    *,
    overwrite: bool = False,
    progress: bool = True,
) -> SetInfo:
    """Write the reports of a prepared dataset into a new folder.

    reports.parquet holds the texts that are there and pass the check; failures.jsonl says of every other recording why
    it has none. `load_dataset(output)` reads the table. While reports are missing, the same call goes on, with what a
    language model wrote before from the cache; a complete set is replaced only with `overwrite`.

    Args:
        plan: see :func:`plan_set`.
        output: the folder.
        generator: templates by default.
        overwrite: replace a complete set, or one that was made with other settings.
        progress: show a bar.

    Returns:
        How the set came about, as it stands in reports.json.

    Raises:
        ConfigurationError: the folder holds something else, or not one report could be written.
        GenerationError: the generator will write nothing at all; nothing is changed on disk but the cache.
    """
    generator, output = generator or TemplateGenerator(), Path(output)
    settings = settings_of(plan, generator)
    with sole_writer(output):
        check_target(output, settings, overwrite=overwrite)
        return _generate(plan, output, generator, settings, progress)


def _generate(plan: Plan, output: Path, generator: Generator, settings: dict[str, Any], progress: bool) -> SetInfo:
    checked_at: dict[int, Checked] = {}
    bar = tqdm(total=len(plan.requests), desc=f"reports ({generator.name})", unit="report", disable=not progress)
    with bar:
        for position, checked in write_checked(plan.requests, generator, on_ungrounded=plan.settings.on_ungrounded):
            checked_at[position] = checked
            bar.update()
    done = [checked_at[position] for position in range(len(plan.requests))]
    rows = [
        _row(plan, generator, number, text) for number, text in enumerate(done) if isinstance(text.outcome, Written)
    ]
    failures = [_failure(plan, number, text) for number, text in enumerate(done) if isinstance(text.outcome, Failed)]
    reasons = dict(Counter(failure.reason for failure in failures))
    if not rows:
        raise ConfigurationError(f"not one report was written: {reasons}", where=output, remedy=failures[0].detail)
    with new_folder(output, replace=True) as folder:
        info = SetInfo(
            settings=settings,
            counts=_counts(plan, rows, failures),
            failures=reasons,
            complete=not failures,
            leaks=plan.leaks,
            version=version("hf-auscult"),
            content_sha256=write_set(folder, rows, failures),
        )
        write_json(folder / GROUNDING, _grounding(done))
        write_json(folder / INFO, info.to_dict())
        write_card(folder)
    return info


def _row(plan: Plan, generator: Generator, number: int, checked: Checked) -> SetRow:
    assert isinstance(checked.outcome, Written)
    row, request = plan.row_of(number), checked.request
    return SetRow(
        recording_id=str(row["recording_id"]),
        segment=row.get("segment"),
        subject_id=str(row["subject_id"]),
        split=str(row["split"]),
        draw=request.draw,
        text=checked.outcome.text,
        facts=request.facts,
        mask=plan.settings.mask,
        generator=generator.name,
        prompt_sha256=None if generator.name == "template" else system_prompt(request.organ).sha256,
        grounded=checked.grounded,
    )


def _failure(plan: Plan, number: int, checked: Checked) -> MissingReport:
    assert isinstance(checked.outcome, Failed)
    row = plan.row_of(number)
    return MissingReport(
        recording_id=str(row["recording_id"]),
        segment=row.get("segment"),
        draw=checked.request.draw,
        reason=checked.outcome.reason,
        detail=checked.outcome.detail,
        attempts=checked.attempts,
    )


def _counts(plan: Plan, rows: Sequence[SetRow], failures: Sequence[MissingReport]) -> dict[str, Any]:
    reported = {row.name for row in rows}
    splits = sorted({row.split for row in rows})
    return {
        "recordings": len(plan.source.rows),
        "with_report": len(reported),
        "reports": len(rows),
        "texts": len({row.text for row in rows}),
        "people": len({row.subject_id for row in rows}),
        "failed": len(failures),
        "splits": {name: sum(row.split == name for row in rows) for name in splits},
    }


def _grounding(done: Sequence[Checked]) -> dict[str, Any]:
    """Figures of the reports in the set and of all that were written for it; what was wrong with each that failed."""
    written = [checked for checked in done if checked.grounding is not None]
    kept = [checked for checked in written if isinstance(checked.outcome, Written)]
    turned_down = [
        {
            "recording_id": checked.request.recording_id,
            "draw": checked.request.draw,
            "contradictions": checked.grounding.contradictions,
            "unsupported": checked.grounding.unsupported,
        }
        for checked in written
        if checked.grounding is not None and not checked.grounded
    ]
    summaries = {
        name: summarise(checked.grounding for checked in group if checked.grounding is not None).to_dict()
        for name, group in (("kept", kept), ("written", written))
    }
    return {**summaries, "turned_down_or_marked": turned_down}
