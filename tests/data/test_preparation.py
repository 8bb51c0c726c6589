from __future__ import annotations

import csv
import hashlib
import json
from pathlib import Path

import datasets
import pyarrow.parquet as pq
import pytest
import yaml

from hf_auscult.data import SplitSpec, dataset, inspection, load_prepared, preparation, prepare, split_sha256, writing
from hf_auscult.data.from_folder import from_folder
from hf_auscult.data.guards import assert_subject_disjoint
from hf_auscult.errors import AudioError, ConfigurationError, DataError, LeakageError

from .conftest import copy_ids, rename_id
from .synthetic import tone

CIRCOR = dataset("circor")


def digest(folder: Path) -> dict[str, str]:
    files = sorted(file for file in folder.rglob("*") if file.is_file())
    return {file.relative_to(folder).as_posix(): hashlib.sha256(file.read_bytes()).hexdigest() for file in files}


def table(file: Path) -> list[dict[str, str]]:
    with file.open(newline="") as stream:
        return list(csv.DictReader(stream))


def test_plain_load_dataset_gives_disjoint_splits_with_the_original_bytes(prepared, sample: Path):
    loaded = datasets.load_dataset(str(prepared.output), "murmur")
    assert list(loaded) == ["train", "validation", "test"]
    assert_subject_disjoint({name: part["subject_id"] for name, part in loaded.items()})
    seen = 0
    for part in loaded.values():
        assert part.features["audio"] == datasets.Audio(decode=False)
        assert part.features["label"].names == ["Absent", "Present"]
        for row in part:
            data = (sample / row["audio"]["path"]).read_bytes()
            assert row["audio"]["bytes"] == data
            assert row["audio_sha256"] == hashlib.sha256(data).hexdigest()
            assert part.features["label"].int2str(row["label"]) == row["murmur"]
            seen += 1
    assert seen == 66  # 68 less two Unknown


def test_configs_agree_on_everybody(prepared):
    where = {}
    for task in ("recordings", "murmur", "outcome"):
        for name, part in load_prepared(prepared.output, task).items():
            for recording in part["recording_id"]:
                assert where.setdefault(recording, name) == name
    assert split_sha256(where) == prepared.split_sha256
    assert where == {row["recording_id"]: row["split"] for row in table(prepared.output / "splits.csv")}


def test_the_card_and_the_manifest_say_what_was_counted(prepared):
    text = (prepared.output / "README.md").read_text()
    head = yaml.safe_load(text.split("---")[1])
    assert head["license"] == "odc-by"
    assert [config["config_name"] for config in head["configs"]] == [task.name for task in CIRCOR.tasks]
    for name, parts in prepared.configs.items():
        for split, counts in parts.items():
            assert f"| `{name}` | {split} | {counts.recordings} | {counts.people} |" in text
    assert prepared.split_sha256 in text
    assert "`murmur`: 2 recordings with 'Unknown' left out" in text
    manifest = json.loads((prepared.output / "prepare.json").read_text())
    assert manifest["recordings"] == {"listed": 68, "written": 68, "quarantined": 0, "withheld": {}}
    assert manifest["split_sha256"] == prepared.split_sha256
    assert str(prepared.output.parent) not in json.dumps(manifest)


@pytest.mark.parametrize("num_proc", [1, 2, 3])
def test_bytes_do_not_depend_on_processes_or_place(prepared, sample: Path, tmp_path: Path, num_proc: int):
    again = prepare("circor", sample, tmp_path / "elsewhere", num_proc=num_proc, progress=False)
    assert digest(again.output) == digest(prepared.output)


def test_broken_recordings_are_set_aside_with_their_reason(circor: Path, tmp_path: Path):
    wavs = sorted((circor / "training_data").glob("*.wav"))
    wavs[0].unlink()
    wavs[1].write_text("not audio")
    wavs[2].write_bytes(wavs[2].read_bytes()[:3_000])
    (circor / "training_data" / "77777_AV.wav").write_bytes(wavs[3].read_bytes())
    report = prepare("circor", circor, tmp_path / "out", progress=False)
    rows = {row["recording_id"]: row for row in table(tmp_path / "out" / "quarantine.csv")}
    assert {name: row["error"] for name, row in rows.items()} == {
        wavs[0].stem: "MissingAudioError",
        wavs[1].stem: "UndecodableAudioError",
        wavs[2].stem: "UndecodableAudioError",
        "77777_AV": "DataError",
    }
    assert "cut short" in rows[wavs[2].stem]["reason"]
    assert (report.listed, report.written, len(report.quarantined)) == (13, 9, 4)
    written = [row for part in datasets.load_dataset(str(tmp_path / "out"), "recordings").values() for row in part]
    assert len(written) == 9 and not {row["recording_id"] for row in written} & set(rows)
    assert "2 UndecodableAudioError" in (tmp_path / "out" / "README.md").read_text()


def test_a_broken_recording_does_not_move_the_others(circor: Path, tmp_path: Path):
    before = prepare("circor", circor, tmp_path / "a", progress=False)
    next((circor / "training_data").glob("*.wav")).unlink()
    prepare("circor", circor, tmp_path / "b", progress=False)
    first = {row["recording_id"]: row["split"] for row in table(before.output / "splits.csv")}
    second = {row["recording_id"]: row["split"] for row in table(tmp_path / "b" / "splits.csv")}
    assert len(second) == len(first) - 1
    assert second.items() <= first.items()


def test_nothing_usable_is_an_error(circor: Path, tmp_path: Path):
    for file in (circor / "training_data").glob("*.wav"):
        file.write_bytes(b"")
    with pytest.raises(DataError, match="none of 12"):
        prepare("circor", circor, tmp_path / "out", progress=False)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("stop", [KeyboardInterrupt, OSError, AudioError])
def test_an_interrupted_run_leaves_nothing(circor: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stop):
    calls = []
    write = preparation.write_shards

    def interrupted(*arguments):
        write(*arguments)
        calls.append(arguments)
        if len(calls) == 2:
            raise stop("pulled the plug")

    monkeypatch.setattr(preparation, "write_shards", interrupted)
    output = tmp_path / "outputs" / "circor"
    with pytest.raises(stop):
        prepare("circor", circor, output, progress=False)
    assert len(calls) == 2
    # Nothing but the memory of what was read, which the next call uses and removes.
    assert [path.name for path in output.parent.iterdir()] == [".circor.reading.jsonl"]
    monkeypatch.undo()
    monkeypatch.setattr(inspection, "inspect", lambda *_: pytest.fail("a recording was read again"))
    prepare("circor", circor, output, progress=False)
    assert list(output.parent.iterdir()) == [output]


def test_an_interrupted_overwrite_keeps_the_old_folder(circor: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    output = tmp_path / "outputs" / "circor"
    prepare("circor", circor, output, progress=False)
    before = digest(output)

    def stop(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(preparation, "render", stop)
    with pytest.raises(KeyboardInterrupt):
        prepare("circor", circor, output, split=SplitSpec(seed=1), overwrite=True, progress=False)
    assert digest(output) == before
    assert {path.name for path in output.parent.iterdir()} == {"circor", ".circor.reading.jsonl"}


def test_a_file_that_changes_under_way_is_noticed(circor: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    wavs = sorted((circor / "training_data").glob("*.wav"))
    plan = preparation.plan

    def swap(*arguments):
        wavs[0].write_bytes(wavs[1].read_bytes())
        return plan(*arguments)

    monkeypatch.setattr(preparation, "plan", swap)
    with pytest.raises(DataError, match="changed while"):
        prepare("circor", circor, tmp_path / "out", progress=False)


def test_existing_folders_are_safe(circor: Path, tmp_path: Path):
    mine = tmp_path / "mine"
    mine.mkdir()
    prepare("circor", circor, mine, progress=False)  # an empty folder is fine
    with pytest.raises(ConfigurationError, match="not empty"):
        prepare("circor", circor, mine, progress=False)
    thesis = tmp_path / "thesis"
    thesis.mkdir()
    (thesis / "chapter.tex").write_text("years of work")
    with pytest.raises(ConfigurationError, match=r"no earlier run wrote: chapter\.tex"):
        prepare("circor", circor, thesis, overwrite=True, progress=False)
    assert (thesis / "chapter.tex").read_text() == "years of work"


@pytest.mark.parametrize("load", [datasets.load_dataset, load_prepared])
def test_overwritten_folders_load_their_new_content(circor: Path, tmp_path: Path, load):
    prepare("circor", circor, tmp_path / "out", progress=False)
    old = set(load(str(tmp_path / "out"), "recordings")["train"]["recording_id"])
    prepare("circor", circor, tmp_path / "out", split=SplitSpec(seed=7), overwrite=True, progress=False)
    new = set(load(str(tmp_path / "out"), "recordings")["train"]["recording_id"])
    assert old != new


def test_reserved_people_are_prepared_into_test_only(circor: Path, tmp_path: Path):
    people = [line.split(",")[0] for line in (circor / "training_data.csv").read_text().splitlines()[1:]]
    twins = {line.split(",")[-1] for line in (circor / "training_data.csv").read_text().splitlines()[1:]}
    single = [one for one in people if one not in twins][-2:]
    for one, reserved in zip(single, ("13918", "39456"), strict=True):
        rename_id(circor, one, reserved)
    for seed in range(3):
        report = prepare("circor", circor, tmp_path / f"out{seed}", split=SplitSpec(seed=seed), progress=False)
        where = {row["subject_id"]: row["split"] for row in table(report.output / "splits.csv")}
        assert where["circor:13918"] == where["circor:39456"] == "test"
        load_prepared(report.output, "murmur")
    with pytest.raises(ConfigurationError, match="'test'"):
        prepare("circor", circor, tmp_path / "no", split=SplitSpec(fractions={"train": 1.0}), progress=False)


def test_chosen_tasks_and_wrong_settings(circor: Path, tmp_path: Path):
    report = prepare("circor", circor, tmp_path / "out", tasks=["murmur"], progress=False)
    assert datasets.get_dataset_config_names(str(report.output)) == ["murmur"]
    for wrong in ({"tasks": ["cough"]}, {"tasks": []}, {"num_proc": 0}):
        with pytest.raises(ConfigurationError):
            prepare("circor", circor, tmp_path / "no", progress=False, **wrong)
    with pytest.raises(ConfigurationError, match="no dataset"):
        prepare("circus", circor, tmp_path / "no", progress=False)


def test_a_split_without_anybody_still_loads(tmp_path: Path):
    source = copy_ids(tmp_path / "two", lambda ids: ids[-2:])
    report = prepare("circor", source, tmp_path / "out", progress=False)
    loaded = load_prepared(report.output, "recordings")
    assert sum(map(len, loaded.values())) == 2
    empty = {name for name, counts in report.configs["recordings"].items() if not counts.recordings}
    assert empty and set(loaded) == {"train", "validation", "test"} - empty
    assert set(datasets.load_dataset(str(report.output), "recordings")) == set(loaded)
    for name in empty:
        assert f"| `recordings` | {name} | 0 | 0 |" in (report.output / "README.md").read_text()


def test_large_splits_are_sharded(circor: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(writing, "SHARD_BYTES", 300_000)
    report = prepare("circor", circor, tmp_path / "out", tasks=["recordings"], progress=False)
    shards = sorted((report.output / "data").glob("train-*.parquet"))
    assert len(shards) > 1 and shards[0].name == f"train-00000-of-{len(shards):05d}.parquet"
    rows = sum(pq.read_metadata(shard).num_rows for shard in shards)
    assert rows == report.configs["recordings"]["train"].recordings
    assert len(load_prepared(report.output, "recordings")["train"]) == rows


def test_progress_is_shown_unless_it_is_not_wanted(circor: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    prepare("circor", circor, tmp_path / "a")
    assert "circor: read: 100%" in capsys.readouterr().err
    prepare("circor", circor, tmp_path / "b", progress=False)
    assert capsys.readouterr().err == ""


def test_output_has_the_usual_permissions(circor: Path, tmp_path: Path):
    (tmp_path / "plain").mkdir()
    prepare("circor", circor, tmp_path / "out", progress=False)
    assert (tmp_path / "out").stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_official_split_of_sprsound_leaks_and_must_be_asked_for(shared: Path, tmp_path: Path):
    source = shared / "data" / "sprsound"
    with pytest.raises(LeakageError, match=r"35 people.*test_intra"):
        prepare("sprsound", source, tmp_path / "no", split=SplitSpec(name="official"), progress=False)
    assert not (tmp_path / "no").exists()
    allowed = SplitSpec(name="official", allow_leakage=True)
    report = prepare("sprsound", source, tmp_path / "out", split=allowed, tasks=["record"], progress=False)
    assert {name: counts.recordings for name, counts in report.configs["record"].items()} == {
        "train": 360,
        "test_inter": 58,
        "test_intra": 80,
    }
    assert "leaks" in (tmp_path / "out" / "README.md").read_text()
    with pytest.raises(LeakageError, match="35 people"):
        load_prepared(tmp_path / "out", "record")
    assert len(load_prepared(tmp_path / "out", "record", allow_leakage=True)["train"]) == 360


def test_official_training_parts_give_up_reserved_people(shared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    from hf_auscult.data import guards

    locked = frozenset({"40728258"})  # in train and in the intra-subject test
    monkeypatch.setattr(guards, "reserved_subjects", lambda name: locked)
    allowed = SplitSpec(name="official", allow_leakage=True)
    source = shared / "data" / "sprsound"
    report = prepare("sprsound", source, tmp_path / "out", split=allowed, tasks=["recordings"], progress=False)
    assert report.withheld and all(name.startswith("40728258_") for name in report.withheld)
    assert report.written + len(report.withheld) == report.listed == 498
    loaded = load_prepared(report.output, "recordings", allow_leakage=True)
    assert "sprsound:40728258" not in set(loaded["train"]["subject_id"])
    assert "sprsound:40728258" in set(loaded["test_intra"]["subject_id"])


def test_sprsound_is_prepared_whole(shared: Path, tmp_path: Path):
    report = prepare("sprsound", shared / "data" / "sprsound", tmp_path / "out", num_proc=2, progress=False)
    assert (report.listed, report.written) == (498, 498)
    loaded = load_prepared(report.output, "normal_adventitious")
    assert sum(map(len, loaded.values())) == 466
    row = loaded["test"][0]
    assert row["events"] and row["sampling_rate"] == 8000


def _small(folder: Path, people: list[tuple[str, int]]):
    folder.mkdir()
    rows = ["path,subject_id,label"]
    for number, (label, count) in enumerate(people):
        for index in range(count):
            tone(folder / f"{number}_{index}.wav")
            rows.append(f"{number}_{index}.wav,p{number},{label}")
    (folder / "metadata.csv").write_text("\n".join(rows) + "\n")
    return from_folder(folder, folder.with_name("out"), progress=False)


@pytest.mark.parametrize(
    ("people", "wanted"),
    [
        ([("normal", 10), ("wheeze", 10)], ["is empty: ", "nobody with 'wheeze' in "]),
        ([("yes" if n == 7 else "no", 1) for n in range(40)], ["task label: nobody with 'yes' in "]),
        ([("no", 40), *[("yes" if n % 2 else "no", 1) for n in range(10)]], ["alone has 40 of 50"]),
        ([("yes" if n % 2 else "no", 2) for n in range(20)], []),
    ],
    ids=["empty part", "class without anybody", "one person holds most", "all well"],
)
def test_a_split_that_cannot_tell_much_says_so_everywhere(tmp_path: Path, caplog, people, wanted):
    report = _small(tmp_path / "ward", people)
    card = " ".join((tmp_path / "out" / "README.md").read_text().split())
    assert bool(report.warnings) == bool(wanted)
    for part in wanted:
        warnings = [text for text in report.warnings if part in text]
        assert warnings and all(text in card and text in caplog.text for text in warnings)
        assert all("record more people" in text for text in warnings)
