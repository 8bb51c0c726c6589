"""AuscultaBench's 16 tasks (AuscultaBase, Table 3): nine of abnormality detection, seven of disease diagnosis."""

from __future__ import annotations

from ..task import BenchmarkTask, Group, Target

F1S = ("macro_f1", "micro_f1", "macro_precision", "macro_recall")
AD: Group = "abnormality detection"
DD: Group = "disease diagnosis"


def _task(
    number: str,
    title: str,
    dataset: str,
    config: str,
    group: Group,
    sound: str,
    *,
    binary: bool = False,
    target: Target = "class",
) -> BenchmarkTask:
    metrics = (*F1S, "auroc") if binary else F1S
    return BenchmarkTask(
        *("auscultabench16", number, title, dataset, config, metrics, group, sound, target),
        published="auscultabench-multilabel" if target == "classes" else "auscultabench",
    )


AUSCULTABENCH16: tuple[BenchmarkTask, ...] = (
    _task("T1", "Normal / adventitious / poor quality", "sprsound", "record_ternary", AD, "lung"),
    _task("T2", "Record, five classes", "sprsound", "record", AD, "lung"),
    _task("T3", "Normal / abnormal phase", "hf_lung", "normal_abnormal", AD, "lung", binary=True),
    _task("T4", "Phases, CAS, DAS", "hf_lung", "phases_cas_das", AD, "lung"),
    _task("T5", "Phases and four sounds", "hf_lung", "events", AD, "lung"),
    _task("T6", "Crackles and wheezes of a cycle", "icbhi", "cycles", AD, "lung"),
    _task("T7", "Lung sound, seven classes", "kauh", "sound", AD, "lung"),
    _task("T8", "Murmur, three classes", "circor", "murmur_ternary", AD, "heart"),
    _task("T9", "Bowel sound", "bowel", "bowel_sound", AD, "bowel", binary=True),
    _task("T10", "Disease, six classes", "icbhi", "disease", DD, "lung"),
    _task("T11", "Disease, eight labels", "kauh", "disease", DD, "lung", target="classes"),
    _task("T12", "COPD severity", "resp_at_tr", "copd_severity", DD, "lung"),
    _task("T13", "Valve disease", "korean", "valve_disease", DD, "heart"),
    _task("T14", "Normal / abnormal", "cinc2016", "normal_abnormal", DD, "heart", binary=True),
    _task("T15", "Outcome", "circor", "outcome", DD, "heart", binary=True),
    _task("T16", "Normal / abnormal", "hsdreport", "normal_abnormal", DD, "heart", binary=True),
)
"""The full fine-tuning rows of its Tables 7 and 8 are models named ``… (fine-tuned)``: results of another kind of
training in the same tables."""
