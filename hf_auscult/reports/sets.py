"""Reports of a prepared dataset: write them, check them, and keep what failed apart."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from tqdm.auto import tqdm

from ..errors import ConfigurationError
from ..files import new_folder, write_json
from . import mask_of, requests_of
from .generators import Failed, Generator, Request, TemplateGenerator, Written, prompts_of, system_prompt
from .grounding import check, summarise
from .report_card import write_card
from .report_rows import ReportRows, load_rows
from .report_set import GROUNDING, MANIFEST, SetRow, check_target, read_set, write_set
from .writing import Checked, Policy, write_checked


@dataclass(frozen=True)
class ReportSettings:
    """What a set of reports is made of, besides its generator.

    Args:
        config: of the prepared dataset: ``recordings``, or a task's, e.g. ICBHI's ``cycles``.
        mask: ``none``, ``paper``, ``strict`` or ``context``, see :func:`hf_auscult.reports.mask_of`.
        task: whose label the mask hides; None for those of all tasks.
        mapping: YAML file of a field mapping, for a dataset that has no reader of facts.
        seed: of the phrasing.
        draws: paraphrases a recording.
        on_ungrounded: see :func:`hf_auscult.reports.writing.write_checked`.
    """

    config: str = "recordings"
    mask: str = "none"
    task: str | None = None
    mapping: str | None = None
    seed: int = 0
    draws: int = 1
    on_ungrounded: Policy = "drop"


@dataclass(frozen=True)
class Job:
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

    def row_of(self, place: int) -> Mapping[str, Any]:
        """Row that a request is about."""
        return self.source.rows[place // self.settings.draws]


def plan(folder: str | Path, settings: ReportSettings | None = None) -> Job:
    """Read a prepared dataset and mask its facts.

    Raises:
        ConfigurationError: unknown config, mask, task or dataset.
        DataError: not a prepared dataset, or a value that the dataset does not use.
    """
    settings = settings or ReportSettings()
    source = load_rows(folder, settings.config)
    named = settings.mapping or source.dataset
    mask = mask_of(named, settings.task, settings.mask)
    requests = requests_of(source.rows, dataset=named, mask=mask, seed=settings.seed, draws=settings.draws)
    return Job(settings, source, tuple(requests), mask.leaks)


def settings_of(job: Job, generator: Generator) -> dict[str, Any]:
    """Everything that the set depends on."""
    found = {name: getattr(job.settings, name) for name in ReportSettings.__dataclass_fields__}
    prompts = {} if generator.name == "template" else prompts_of([request.organ for request in job.requests])
    return {
        "dataset": job.source.dataset,
        "content_sha256": job.source.content,
        **found,
        "generator": generator.settings(),
        "prompts": prompts,
    }


def generate_set(
    job: Job, output: str | Path, generator: Generator | None = None, *, overwrite: bool = False, progress: bool = True
) -> dict[str, Any]:
    """Write the reports of a prepared dataset into a new folder.

    reports.parquet holds the texts that are there and pass the check; failures.jsonl says of every other recording why
    it has none. `load_dataset(output)` reads the table. Made again with the same settings, the folder is replaced and
    what a language model wrote before comes from the cache.

    Args:
        job: see :func:`plan`.
        output: the folder.
        generator: templates by default.
        overwrite: replace a set that was made with other settings.
        progress: show a bar.

    Returns:
        The contents of reports.json.

    Raises:
        ConfigurationError: the folder holds something else, or not one report could be written.
        GenerationError: the generator will write nothing at all; nothing is changed on disk but the cache.
    """
    generator, output = generator or TemplateGenerator(), Path(output)
    settings = settings_of(job, generator)
    check_target(output, settings, overwrite=overwrite)
    found: dict[int, Checked] = {}
    bar = tqdm(total=len(job.requests), desc=f"reports ({generator.name})", unit="report", disable=not progress)
    with bar:
        for place, checked in write_checked(job.requests, generator, on_ungrounded=job.settings.on_ungrounded):
            found[place] = checked
            bar.update()
    done = [found[place] for place in range(len(job.requests))]
    rows = [_row(job, generator, place, one) for place, one in enumerate(done) if isinstance(one.outcome, Written)]
    failures = [_failure(job, place, one) for place, one in enumerate(done) if isinstance(one.outcome, Failed)]
    if not rows:
        reasons = dict(Counter(failure["reason"] for failure in failures))
        raise ConfigurationError(f"not one report was written: {reasons}", where=output, remedy=failures[0]["detail"])
    about = {
        "settings": settings,
        "counts": _counts(job, rows, failures),
        "failures": dict(Counter(failure["reason"] for failure in failures)),
        "complete": not failures,
        "leaks": job.leaks,
        "version": version("hf-auscult"),
    }
    with new_folder(output, replace=True) as folder:
        about["content_sha256"] = write_set(folder, rows, failures)
        write_json(folder / GROUNDING, _grounding(done))
        write_json(folder / MANIFEST, about)
        write_card(folder)
    return about


def verify_set(folder: str | Path, *, contradictions: float = 0.0, unsupported: float = 0.0) -> dict[str, Any]:
    """Check every report of a set against its facts once more.

    Args:
        folder: of the set.
        contradictions, unsupported: shares of reports that may contradict, or add something.

    Returns:
        ``summary`` (see :func:`hf_auscult.reports.grounding.summarise`), ``failures`` (report by report) and
        ``passed``.

    Raises:
        DataError: not a set of reports.
    """
    rows = read_set(folder).rows
    groundings = [check(row.text, row.facts) for row in rows]
    wrong = [
        {"recording_id": row.name, "draw": row.draw, "text": row.text, **_statements(grounding)}
        for row, grounding in zip(rows, groundings, strict=True)
        if not grounding.consistent or grounding.unsupported
    ]
    shares = [
        sum(not grounding.consistent for grounding in groundings) / len(rows),
        sum(bool(grounding.unsupported) for grounding in groundings) / len(rows),
    ]
    passed = shares[0] <= contradictions and shares[1] <= unsupported
    return {"summary": summarise(groundings).to_dict(), "failures": wrong, "passed": passed}


def _row(job: Job, generator: Generator, place: int, one: Checked) -> SetRow:
    assert isinstance(one.outcome, Written)
    row, request = job.row_of(place), one.request
    return SetRow(
        recording_id=str(row["recording_id"]),
        segment=row.get("segment"),
        subject_id=str(row["subject_id"]),
        split=str(row["split"]),
        draw=request.draw,
        text=one.outcome.text,
        facts=request.facts,
        mask=job.settings.mask,
        generator=generator.name,
        prompt_sha256=None if generator.name == "template" else system_prompt(request.organ).sha256,
        grounded=one.grounded,
    )


def _failure(job: Job, place: int, one: Checked) -> dict[str, Any]:
    assert isinstance(one.outcome, Failed)
    row = job.row_of(place)
    return {
        "recording_id": row["recording_id"],
        "segment": row.get("segment"),
        "draw": one.request.draw,
        "reason": one.outcome.reason,
        "detail": one.outcome.detail,
        "attempts": one.attempts,
    }


def _counts(job: Job, rows: Sequence[SetRow], failures: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    reported = {row.name for row in rows}
    splits = sorted({row.split for row in rows})
    return {
        "recordings": len(job.source.rows),
        "with_report": len(reported),
        "reports": len(rows),
        "texts": len({row.text for row in rows}),
        "people": len({row.subject_id for row in rows}),
        "failed": len(failures),
        "splits": {name: sum(row.split == name for row in rows) for name in splits},
    }


def _grounding(done: Sequence[Checked]) -> dict[str, Any]:
    """Figures of the reports in the set and of all that were written for it; what was wrong with each that failed."""
    written = [one for one in done if one.grounding is not None]
    kept = [one for one in written if isinstance(one.outcome, Written)]
    wrong = [
        {"recording_id": one.request.recording_id, "draw": one.request.draw, **_statements(one.grounding)}
        for one in written
        if not one.grounded
    ]
    found = {
        name: summarise(one.grounding for one in group if one.grounding is not None).to_dict()
        for name, group in (("kept", kept), ("written", written))
    }
    return {**found, "turned_down_or_marked": wrong}


def _statements(grounding: Any) -> dict[str, Any]:
    return {
        "contradictions": [statement.to_dict() for statement in grounding.contradictions],
        "unsupported": [statement.to_dict() for statement in grounding.unsupported],
    }
