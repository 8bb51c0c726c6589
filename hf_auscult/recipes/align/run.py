"""Align an encoder with reports, train its standing checks, evaluate all of them, write the model with its card."""

from __future__ import annotations

import platform
import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import datasets
import numpy as np
from accelerate import PartialState
from accelerate.utils import parse_flag_from_env
from huggingface_hub import HfApi
from transformers.utils.logging import disable_progress_bar as disable_transformers_bars

from ...alignment.teachers import Teacher, default_device
from ...data.people import ids_of
from ...data.trained_on import FILE as PEOPLE_FILE
from ...data.trained_on import merged, read_training_people, training_people
from ...evaluation.contamination import contamination_of
from ...features import WindowedFeatureExtractor
from ...files import check_folder, new_folder, sole_writer, write_json
from ...hub.model_card import write_model_card
from ...models.acula.teacher_acula import teacher_tokenizer
from .conditions import Condition, compared, permutation, select
from .config import AlignConfig, load_config
from .corpus import (
    AudioReportCorpus,
    EmbeddedReports,
    data_folders,
    embed_prompts,
    embed_reports,
    keep_reported,
    load_corpus,
    prepare_data,
    report_source,
    training_examples,
    write_reports,
)
from .evaluation import Embeddings, Evaluator, embed_corpus, summary_of
from .plots import draw_losses, draw_retrieval, draw_roc
from .results import AlignResult, repository_name
from .tables import closing, render, tables
from .train import ConditionTrainer, TrainedModel, compared_models, feature_extractor, new_model, training_folder

PACKAGES = ("hf-auscult", "torch", "transformers", "datasets", "accelerate", "scikit-learn", "numpy")


def align(
    config: AlignConfig | str | Path, *, command: str = "", progress: bool = True, overwrite: bool = False
) -> AlignResult | None:
    """Align an audio encoder with reports and run its standing checks.

    The encoder is trained once with its reports and once for each check (audio only, shuffled reports, reports shuffled
    within label, context-only reports, direct label supervision); all of them, and probes of log-mel statistics and
    metadata, are evaluated on the same held-out people. An interrupted run goes on where it was, under
    `accelerate launch` with as many processes.

    Args:
        config: of the run, or the path of its YAML file; see `examples/configs`.
        command: what was typed, for the card.
        progress: show bars and the resulting tables.
        overwrite: replace the folder of a finished run.

    Returns:
        The results, as in results.json; `None` on other processes than the first.

    Writes `config.output`: config.json, model.safetensors, preprocessor_config.json, the teacher's tokenizer,
    README.md, results.json and figures. The folder is replaced as a whole, once everything in it is there.

    Raises:
        ConfigurationError: a setting is wrong, or the output folder holds files that no earlier run wrote.
        DataError: the data cannot be prepared or read, or no recording of training has a report.
        LeakageError: a person or a recording stands in two splits.

    Example:
        `hf_auscult.align("examples/configs/demo.yaml").gains["shuffled"][1.0]`
    """
    if not isinstance(config, AlignConfig):
        config = load_config(config)
    # Without being told, accelerate takes two CPU processes for two runs of one process.
    state = PartialState(cpu=parse_flag_from_env("ACCELERATE_USE_CPU"))
    if not state.is_main_process:
        return _align(config, state, command=command, progress=progress)
    with sole_writer(config.output):
        check_folder(config.output, replace=overwrite)
        return _align(config, state, command=command, progress=progress)


def _align(config: AlignConfig, state: PartialState, *, command: str, progress: bool) -> AlignResult | None:
    started = time.perf_counter()
    say: Callable[[str], None] = state.print if progress else lambda _: None
    # The run has its own bars; the libraries' would bury them.
    disable_transformers_bars()
    datasets.disable_progress_bars()
    for name, value in config.deviations.items():
        say(f"not as released: {name}: {value}")
    work = Path(config.work)

    # Recordings and reports.
    extractor = feature_extractor(config)
    with state.main_process_first():
        if state.is_main_process:
            prepare_data(config.data, work)
        folders = data_folders(config.data, work)
        corpus = load_corpus(config.data, folders, extractor.sampling_rate, work / "waveforms")
    corpus, left_out = keep_reported(corpus, config.reports, config.data.task)
    say(_people_line(corpus, left_out))
    teacher = Teacher(config.teacher, cache=work / "teachers", device=default_device())
    others = compared([Path(path).name for path in config.compare])
    conditions = select(config.checks)
    reports = {
        mask: embed_reports(
            write_reports(corpus, config.reports, mask=mask, task=config.data.task), teacher, progress=progress
        )
        for mask in sorted({config.reports.mask, *(c.text for c in conditions if c.text not in (None, "aligned"))})
    }
    own_reports = reports[config.reports.mask]
    with state.main_process_first():
        prompts = embed_prompts(corpus, config.data.task, teacher)

    # Training.
    runs = [replace(config, seed=seed) for seed in config.seeds or (config.seed,)]
    by_seed = [_train(run, conditions, corpus, reports, extractor, progress=progress) for run in runs]
    trained = by_seed[0].models | compared_models(config, corpus, own_reports.embeddings.shape[1])
    conditions = (*conditions, *others)
    state.wait_for_everyone()
    if not state.is_main_process:
        return None

    # Evaluation on held-out people.
    say("evaluating on held-out people …")
    embeddings = embed_corpus(
        {name: result.model for name, result in trained.items()}, corpus, extractor, progress=progress
    )
    evaluator = Evaluator(runs[0], corpus, extractor, own_reports, prompts)
    if evaluator.needs_map:
        for condition in conditions:
            if condition.text is not None:
                name = condition.name
                embeddings[name] = evaluator.with_map(trained[name].model, embeddings[name])
    results = {c.name: evaluator.condition(c, trained[c.name], embeddings[c.name]) for c in conditions}
    baselines = evaluator.baselines()
    probes = {name: [row.probe] for name, row in results.items()}
    probes |= {name: [row.probe] for name, row in baselines.items()}
    for other in by_seed[1:]:
        repeated = embed_corpus(
            {name: result.model for name, result in other.models.items()}, corpus, extractor, progress=progress
        )
        for name, embedded in repeated.items():
            probes[name].append(evaluator.probe(embedded.pooled))
    result = AlignResult(
        config=config,
        command=command,
        processes=state.num_processes,
        data=summary_of(corpus),
        reports={**report_source(config.reports), "left_out": left_out},
        teacher={
            "name": config.teacher.name,
            "fingerprint": config.teacher.fingerprint(),
            "provenance": teacher.provenance(),
        },
        conditions=results,
        baselines=baselines,
        gains=evaluator.gains(probes),
        by_seed={
            name: {
                share: tuple(found.figures[share].recording.value for found in repeats) for share in repeats[0].figures
            }
            for name, repeats in probes.items()
            if len(repeats) > 1
        },
        contamination=_start_contamination(config, corpus, trained["before"].model.config.audio_config),
        versions={"python": platform.python_version(), **{name: version(name) for name in PACKAGES}},
        seconds=round(time.perf_counter() - started, 1),
    )
    say("\n" + render(result))

    # The model's folder.
    _write(result, trained["aligned"], embeddings["aligned"], evaluator)
    for other in by_seed:
        shutil.rmtree(other.folder, ignore_errors=True)
    _say_leftovers(by_seed[0].folder.parent, say)
    if config.training.get("push_to_hub"):
        say(f"pushed to {_push(config)}")
    say("\n" + closing(result))
    return result


@dataclass(frozen=True, eq=False)
class _Trained:
    """The conditions of one seed, and the folder in which an interrupted run finds them again."""

    models: dict[str, TrainedModel]
    folder: Path


def _train(
    config: AlignConfig,
    conditions: Sequence[Condition],
    corpus: AudioReportCorpus,
    reports: dict[str, EmbeddedReports],
    extractor: WindowedFeatureExtractor,
    *,
    progress: bool,
) -> _Trained:
    """Train every condition with the configuration's seed."""
    text_size = reports[config.reports.mask].embeddings.shape[1]
    start = new_model(config, text_size)
    untrained = TrainedModel(new_model(config, text_size, random=True).eval(), [])
    folder = training_folder(config, start, corpus, reports)
    trainer = ConditionTrainer(config, extractor, folder, len(corpus.classes), progress)
    before = TrainedModel(start.eval(), [])
    if config.start.steps:
        before = trainer.start(start, training_examples(corpus))
    models = {}
    for condition in conditions:
        if condition.trained:
            read, order = _text_side(condition, corpus, reports, config)
            graded = bool(config.training.get("graded_positives"))
            examples = training_examples(corpus, read, order, domain=config.data.domain, share_facts=graded)
            models[condition.name] = trainer.condition(condition, before.model, examples)
        else:
            models[condition.name] = untrained if condition.starts == "random" else before
    return _Trained(models, folder)


def _start_contamination(config: AlignConfig, corpus: AudioReportCorpus, encoder: Any) -> tuple[str, ...]:
    """Why the encoder may know the test people before it is aligned; empty for a new one."""
    start = config.start.weights
    return () if start is None else contamination_of(Path(start).name, start, corpus.held_out(), encoder)


def _text_side(
    condition: Condition, corpus: AudioReportCorpus, reports: dict[str, EmbeddedReports], config: AlignConfig
) -> tuple[EmbeddedReports | None, np.ndarray | None]:
    """Return which reports a condition is trained with, and whose report each training recording receives."""
    if condition.text is None:
        return None, None
    mask = config.reports.mask if condition.text == "aligned" else condition.text
    labels = [recording.label for recording in corpus.take(corpus.rows("train"))]
    return reports[mask], permutation(len(labels), condition.permute, labels, config.seed)


def _write(result: AlignResult, aligned: TrainedModel, embeddings: Embeddings, evaluator: Evaluator) -> None:
    config, corpus = result.config, evaluator.corpus
    with new_folder(config.output, replace=True) as folder:
        aligned.model.save_pretrained(folder)
        evaluator.extractor.save_pretrained(folder)
        # The pipelines need the teacher's tokenizer beside the model; its weights stay where they are.
        teacher_tokenizer(config.teacher.name, config.teacher.revision).save_pretrained(folder)
        content = result.to_dict()
        write_json(folder / "results.json", content, sort_keys=True)
        trained_on = corpus.take(corpus.rows("train"))
        people = [read_training_people(config.start.weights) or {}] if config.start.weights else []
        for dataset in dict.fromkeys(recording.dataset for recording in trained_on):
            ids = set[str]().union(*(ids_of(recording.row) for recording in trained_on if recording.dataset == dataset))
            people.append(training_people(dataset, ids, salt=corpus.salts[dataset]))
        write_json(folder / PEOPLE_FILE, merged(people))
        draw_losses(result, folder / "loss_curves.png")
        draw_roc(result, evaluator, folder / "roc.png")
        draw_retrieval(aligned.model, embeddings, evaluator, folder / "retrieval_example.png")
        write_model_card(folder, content, tables(result))


def _push(config: AlignConfig) -> str:
    """Push the finished model's folder, in one commit, and return its address."""
    repository = str(config.training.get("hub_model_id") or repository_name(config.output))
    api = HfApi()
    private = bool(config.training.get("hub_private_repo"))
    repository = api.create_repo(repository, private=private, exist_ok=True).repo_id
    return str(api.upload_folder(folder_path=config.output, repo_id=repository, commit_message="Aligned model"))


def _say_leftovers(folder: Path, say: Callable[[str], None]) -> None:
    """Name what interrupted runs of other settings or data left: it may be wanted, so it is not removed."""
    if not folder.is_dir():
        return
    left = sorted(path.name for path in folder.iterdir())
    if left:
        say(f"{folder} holds interrupted runs of other settings or data ({', '.join(left)}); delete what is not needed")
    else:
        folder.rmdir()


def _people_line(corpus: AudioReportCorpus, left_out: dict[str, int]) -> str:
    parts = [f"{split} {len(corpus.people(split))}" for split in ("train", "validation", "test")]
    names = " + ".join(dict.fromkeys(recording.dataset for recording in corpus.recordings))
    line = f"{names}: {len(corpus.recordings)} recordings of {len(corpus.people())} people ({', '.join(parts)})"
    number = sum(left_out.values())
    return f"{line}; {number} more are left out for want of a report" if number else line
