"""Sets of reports on real prepared recordings: written whole or not at all, resumable, checked, and read back."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import datasets
import pyarrow.parquet as pq
import pytest

from hf_auscult.data import prepare
from hf_auscult.errors import ConfigurationError, DataError, GenerationError
from hf_auscult.reports import Fact
from hf_auscult.reports.generate_set import ReportSettings, generate_set, plan_set
from hf_auscult.reports.generators import Failed, TemplateGenerator, TextCache, Written, system_prompt
from hf_auscult.reports.generators.endpoint import EndpointConfig, EndpointGenerator
from hf_auscult.reports.generators.options import build_generator, confirm
from hf_auscult.reports.report_set import read_set
from hf_auscult.reports.verify import verify_set
from tests.reports.generators.loopback import Answer, completion, serving

SAMPLE = Path(__file__).resolve().parents[2] / "examples" / "data" / "circor_sample"


@pytest.fixture(autouse=True, scope="module")
def _cache(tmp_path_factory):
    patch = pytest.MonkeyPatch()
    patch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path_factory.mktemp("cache"))
    yield
    patch.undo()


@pytest.fixture(scope="module")
def prepared(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("prepared") / "circor"
    prepare("circor", SAMPLE, folder, progress=False)
    return folder


def endpoint_generator(url: str, cache: Path, **settings) -> EndpointGenerator:
    config = EndpointConfig("tiny", base_url=url, key_variable="AUSCULT_NO_KEY", first_wait=0.01, **settings)
    return EndpointGenerator(config, TextCache(cache))


def rephrased(body) -> Answer:
    """A truthful report: the sex alone, which every recording of the sample has."""
    lines = dict(line.split(": ") for line in body["messages"][1]["content"].splitlines() if line.startswith("sex"))
    return completion(json.dumps({"report": f"The patient is {lines['sex']}."}))


def test_templates_end_to_end(prepared, tmp_path):
    info = generate_set(plan_set(prepared, ReportSettings(draws=2)), tmp_path / "set", progress=False)
    found = read_set(tmp_path / "set")
    counts = info.counts
    assert (counts["recordings"], counts["with_report"], counts["reports"], counts["failed"]) == (68, 68, 136, 0)
    assert info.complete and info.settings["content_sha256"]
    assert Counter(row.draw for row in found.rows) == {0: 68, 1: 68}
    assert {row.grounded for row in found.rows} == {True} and {row.prompt_sha256 for row in found.rows} == {None}
    splits = {row["recording_id"]: row["split"] for row in plan_set(prepared).source.rows}
    assert {row.recording_id: row.split for row in found.rows} == splits
    for row in found.rows:
        assert row.facts and set(row.report().fields) == {fact.field for fact in row.facts}
    assert verify_set(tmp_path / "set").passed
    assert {path.name for path in (tmp_path / "set").iterdir()} == {
        *("reports.parquet", "reports.json", "failures.jsonl", "grounding.json", "README.md", ".files.json")
    }
    plan = plan_set(prepared, ReportSettings(draws=2))
    with pytest.raises(ConfigurationError, match=r"complete set of reports.*--overwrite"):
        generate_set(plan, tmp_path / "set", progress=False)
    assert generate_set(plan, tmp_path / "set", overwrite=True, progress=False) == info


def test_load_dataset_reads_it_and_the_card_tells(prepared, tmp_path):
    generate_set(plan_set(prepared, ReportSettings(mask="strict", task="murmur")), tmp_path / "set", progress=False)
    loaded = datasets.load_dataset(str(tmp_path / "set"))
    assert list(loaded) == ["reports"]
    assert loaded["reports"].num_rows == 68
    facts = [Fact(**fact) for fact in json.loads(loaded["reports"][0]["facts"])]
    assert loaded["reports"][0]["fields"] == sorted({fact.field for fact in facts})
    assert not [text for text in loaded["reports"]["text"] if "murmur" in text.lower()]
    card = (tmp_path / "set" / "README.md").read_text()
    assert "68 synthetic reports" in card and "hides the label of murmur" in card and "Not measured" in card
    assert "68 of 68 (100.0 %" in card


def test_segments_have_their_own_reports(shared, tmp_path):
    prepare("icbhi", shared / "data" / "icbhi2017", tmp_path / "icbhi", progress=False)
    generate_set(plan_set(tmp_path / "icbhi", ReportSettings(config="cycles")), tmp_path / "set", progress=False)
    found = read_set(tmp_path / "set")
    assert len(found.by_name()) == len(found.rows) == 97
    row = found.rows[0]
    assert row.name == f"{row.recording_id}#{row.segment}"


def test_another_set_or_folder_is_not_overwritten(prepared, tmp_path):
    generate_set(plan_set(prepared), tmp_path / "set", progress=False)
    other = plan_set(prepared, ReportSettings(seed=1))
    with pytest.raises(ConfigurationError, match="complete set"):
        generate_set(other, tmp_path / "set", progress=False)
    before = (tmp_path / "set" / "reports.parquet").read_bytes()
    generate_set(other, tmp_path / "set", overwrite=True, progress=False)
    assert (tmp_path / "set" / "reports.parquet").read_bytes() != before
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("")
    with pytest.raises(ConfigurationError, match="no earlier run wrote"):
        generate_set(other, tmp_path / "mine", overwrite=True, progress=False)


def test_an_endpoint_that_breaks_down_leaves_a_list_and_is_not_asked_twice(prepared, tmp_path):
    """Some texts, then an exhausted account; the same call later asks only for the rest."""
    lock = Counter()

    def script(body, number):
        lock["calls"] += 1
        return rephrased(body) if lock["calls"] <= 20 else Answer({"error": "pay"}, 402)

    with serving(script) as endpoint:
        first = generate_set(
            plan_set(prepared),
            tmp_path / "set",
            endpoint_generator(endpoint.url, tmp_path / "c", workers=1),
            progress=False,
        )
        assert not first.complete and set(first.failures) == {"not_tried"}
        lines = (tmp_path / "set" / "failures.jsonl").read_text().splitlines()
        failed = {json.loads(line)["recording_id"] for line in lines}
        written = {row.name for row in read_set(tmp_path / "set").rows}
        assert len(written) + len(failed) == 68 and not written & failed
        assert "**Incomplete**" in (tmp_path / "set" / "README.md").read_text()

        answered = Counter(endpoint.prompts[:20])
        endpoint.script = lambda body, _: rephrased(body)
        second = generate_set(
            plan_set(prepared), tmp_path / "set", endpoint_generator(endpoint.url, tmp_path / "c"), progress=False
        )
        assert second.complete and second.counts["with_report"] == 68
        assert not set(endpoint.prompts[21:]) & set(answered)
        assert max(Counter(endpoint.prompts[21:]).values()) == 1
    rows = read_set(tmp_path / "set").rows
    assert {row.prompt_sha256 for row in rows} == {system_prompt("heart").sha256}
    assert not (tmp_path / "set" / "failures.jsonl").read_text()


def test_a_wrong_key_changes_nothing(prepared, tmp_path):
    with serving(lambda *_: Answer({"error": "key"}, 401)) as endpoint, pytest.raises(GenerationError, match="key"):
        generator = endpoint_generator(endpoint.url, tmp_path / "c")
        generate_set(plan_set(prepared), tmp_path / "set", generator, progress=False)
    assert not (tmp_path / "set").exists()


class Scripted:
    """Writes what it is told for each attempt."""

    name = "scripted"

    def __init__(self, *texts: str) -> None:
        self.texts, self.seen = texts, []

    def settings(self):
        return {"generator": self.name}

    def write(self, requests):
        for place, request in enumerate(requests):
            self.seen.append(request)
            text = self.texts[min(request.attempt, len(self.texts) - 1)]
            yield place, Written(text) if text else Failed("empty")


ADDS = "Wheezes are heard in this patient with pneumonia, who should be followed up."


@pytest.mark.parametrize(("policy", "reports", "grounded"), [("drop", 0, set()), ("keep", 68, {False})])
def test_ungrounded_texts(prepared, tmp_path, policy, reports, grounded):
    job = plan_set(prepared, ReportSettings(on_ungrounded=policy))
    if not reports:
        with pytest.raises(ConfigurationError, match="'ungrounded': 68"):
            generate_set(job, tmp_path / "set", Scripted(ADDS), progress=False)
        return
    assert generate_set(job, tmp_path / "set", Scripted(ADDS), progress=False).counts["reports"] == reports
    assert {row.grounded for row in read_set(tmp_path / "set").rows} == grounded
    verified = verify_set(tmp_path / "set")
    assert not verified.passed and len(verified.failures) == 68
    assert verify_set(tmp_path / "set", contradictions=1.0, unsupported=1.0).passed


def test_ungrounded_texts_are_written_again_with_what_was_wrong(prepared, tmp_path):
    generator = Scripted(ADDS, "This is an examination of the heart.")
    job = plan_set(prepared, ReportSettings(on_ungrounded="regenerate"))
    info = generate_set(job, tmp_path / "set", generator, progress=False)
    assert info.complete and {row.grounded for row in read_set(tmp_path / "set").rows} == {True}
    assert [request.attempt for request in generator.seen] == [0] * 68 + [1] * 68
    assert "pneumonia" in generator.seen[-1].correction


def test_failed_reports_are_never_empty_strings(prepared, tmp_path):
    class Moody(Scripted):
        def write(self, requests):
            for place, _ in enumerate(requests):
                yield place, Failed("empty") if place % 2 else Written("This is an examination of the heart.")

    info = generate_set(plan_set(prepared), tmp_path / "set", Moody(), progress=False)
    assert info.failures == {"empty": 34}
    assert all(row.text.strip() for row in read_set(tmp_path / "set").rows)
    table = pq.read_table(tmp_path / "set" / "reports.parquet")
    broken = table.set_column(table.schema.get_field_index("text"), "text", [[" "] * table.num_rows])
    pq.write_table(broken, tmp_path / "set" / "reports.parquet")
    with pytest.raises(DataError, match="empty report"):
        read_set(tmp_path / "set")


def test_money_needs_a_word(prepared, tmp_path, capsys):
    job = plan_set(prepared)
    with serving() as endpoint:
        options = {"model": "gpt-4o", "base_url": endpoint.url, "key_variable": "AUSCULT_NO_KEY", "cache": tmp_path}
        generator = build_generator("openai", options)
        lines: list[str] = []
        with pytest.raises(ConfigurationError, match="not confirmed"):
            confirm(generator, job.requests, yes=False, say=lines.append)
        assert "68 texts" in lines[0] and "$" in lines[0]
        with pytest.raises(ConfigurationError, match="budget"):
            confirm(build_generator("openai", {**options, "max_cost": 0.001}), job.requests, yes=True, say=lines.append)
        confirm(generator, job.requests, yes=True, say=lines.append)
        assert not endpoint.calls
    confirm(TemplateGenerator(), job.requests, yes=False, say=lines.append)


@pytest.mark.parametrize(
    ("name", "options", "draws"),
    [
        ("oracle", {}, 1),
        ("template", {"model": "x"}, 1),
        ("transformers", {}, 1),
        ("transformers", {"model": "x", "price": (1, 1)}, 1),
        ("openai", {"model": "x", "device": "cpu"}, 1),
        ("transformers", {"model": "x"}, 2),  # greedy: both draws would be the same text
    ],
)
def test_options_that_do_not_fit(name, options, draws):
    with pytest.raises(ConfigurationError):
        build_generator(name, options, draws=draws)


@pytest.mark.parametrize(
    "wrong", [{"config": "nothing"}, {"mask": "paper", "task": "nothing"}, {"mask": "thick"}, {"draws": 0}], ids=str
)
def test_bad_settings(prepared, wrong):
    with pytest.raises(ConfigurationError):
        plan_set(prepared, ReportSettings(**wrong))


def test_not_a_set(tmp_path, prepared):
    with pytest.raises(DataError, match="not a set of reports"):
        read_set(prepared)
    with pytest.raises(DataError, match="not a prepared dataset"):
        plan_set(tmp_path)
