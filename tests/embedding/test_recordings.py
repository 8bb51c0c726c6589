"""`embed_files`: every recording is embedded, or there is a reason why not; and a repeated call goes on."""

from __future__ import annotations

import csv
import json
import os
import shutil
from pathlib import Path
from unittest.mock import Mock

import numpy as np
import pyarrow.parquet as pq
import pytest
import soundfile

import hf_auscult
from hf_auscult.audio.listing import Listing
from hf_auscult.embedding import embedder, recordings
from hf_auscult.embedding.precision import Choice
from hf_auscult.embedding.recordings import EmbedReport, embed_files, embed_with_each
from hf_auscult.errors import ConfigurationError, DataError
from tests import tiny
from tests.embedding.conftest import RATE


def quarantined(output: Path) -> dict[str, str]:
    with output.with_name(f"{output.name}.quarantine.csv").open(encoding="utf-8", newline="") as stream:
        return {row["path"]: row["error"] for row in csv.DictReader(stream)}


def dies_at(monkeypatch, number: int) -> None:
    """The first call of embed_files stops at a recording, with everything before it on disk."""
    real, seen = embedder.read, []

    def dying(path):
        seen.append(path)
        if len(seen) == number:
            monkeypatch.setattr(embedder, "read", real)
            raise KeyboardInterrupt
        return real(path)

    monkeypatch.setattr(recordings, "PART", 1)
    monkeypatch.setattr(embedder, "read", dying)


def test_many_files_with_broken_ones(folder, files, tmp_path):
    (tmp_path / "broken.wav").write_bytes(b"RIFF")
    output = tmp_path / "out.parquet"
    report = embed_files(folder, [tmp_path], output, progress=False)
    assert (report.recordings, report.embedded, report.quarantined) == (4, 3, 1)
    table = pq.read_table(output).to_pylist()
    assert [row["path"] for row in table] == files
    assert [row["duration"] for row in table] == [1.0, 3.0, 2.0]
    np.testing.assert_array_equal([row["embedding"] for row in table], hf_auscult.embed(folder, files, progress=False))
    assert quarantined(output) == {str(tmp_path / "broken.wav"): "UndecodableAudioError"}
    made_by = json.loads(pq.read_schema(output).metadata[b"provenance"])
    assert (made_by["model"], made_by["protocol"], made_by["version"]) == (folder, "default", hf_auscult.__version__)
    assert made_by["front_end"]["sampling_rate"] == RATE and len(made_by["weights"]) == 64


def test_nothing_can_be_used(folder, tmp_path):
    (tmp_path / "broken.wav").write_bytes(b"RIFF")
    with pytest.raises(DataError, match=r"o\.quarantine\.csv: none of 2 recordings can be used"):
        embed_files(folder, [tmp_path / "broken.wav", tmp_path / "absent.wav"], tmp_path / "o", progress=False)
    assert not (tmp_path / "o").exists()
    assert set(quarantined(tmp_path / "o").values()) == {"UndecodableAudioError", "MissingAudioError"}


@pytest.mark.parametrize("same", [True, False], ids=["same model", "another model"])
def test_an_interrupted_pass_goes_on(folder, files, tmp_path, monkeypatch, same):
    output = tmp_path / "out.parquet"
    dies_at(monkeypatch, 3)
    with pytest.raises(KeyboardInterrupt):
        embed_files(folder, files, output, progress=False)
    assert not output.exists()
    if not same:  # other weights under another name: nothing of the first model may stay
        shutil.copytree(folder, tmp_path / "other")
        tiny.model(seed=7).eval().save_pretrained(tmp_path / "other")
        folder = str(tmp_path / "other")
    report = embed_files(folder, files, output, progress=False)
    assert (report.embedded, report.reused) == (3, 2 if same else 0)
    rows = [row["embedding"] for row in pq.read_table(output).to_pylist()]
    np.testing.assert_array_equal(rows, hf_auscult.embed(folder, files, progress=False))
    assert not list(tmp_path.glob(".out*"))


def test_a_repeated_call_reads_changed_files_again_and_tries_failures_again(folder, files, tmp_path, monkeypatch):
    first, mended, touched = Path(files[0]), tmp_path / "a.wav", Path(files[1])
    mended.write_bytes(first.read_bytes()[:100])
    output = tmp_path / "out.parquet"
    dies_at(monkeypatch, 4)
    with pytest.raises(KeyboardInterrupt):
        embed_files(folder, [mended, *files], output, progress=False)
    shutil.copy(first, mended)
    soundfile.write(first, np.zeros(RATE * 5 // 2, np.float32), RATE, subtype="FLOAT")  # other size
    status = touched.stat()
    touched.write_bytes(touched.read_bytes()[::-1][::-1][:-4] + b"\0\0\0\0")  # same size, other time
    os.utime(touched, ns=(status.st_atime_ns, status.st_mtime_ns + 1))
    report = embed_files(folder, [mended, *files], output, progress=False)
    assert (report.embedded, report.quarantined, report.reused) == (4, 0, 0)
    table = pq.read_table(output).to_pylist()
    assert [row["duration"] for row in table] == [1.0, 2.5, 3.0, 2.0]
    fresh = hf_auscult.embed(folder, [str(mended), *files], progress=False)
    np.testing.assert_array_equal([row["embedding"] for row in table], fresh)
    assert not output.with_name("out.parquet.quarantine.csv").exists()


def test_a_folder_gives_what_its_files_give_and_the_rest_is_named(folder, waves, tmp_path):
    inside, disk = tmp_path / "in", tmp_path / "disk"
    inside.mkdir()
    disk.mkdir()
    for name, form in {"a.wav": "WAV", "b.AIFF": "AIFF", "c.au": "AU", "d.w64": "W64", "e.caf": "CAF"}.items():
        soundfile.write(inside / name, waves[0], RATE, format=form)
    soundfile.write(disk / "z.wav", waves[2], RATE)
    (inside / "linked").symlink_to("../disk")
    (inside / "notes.txt").touch()
    output = inside / "out.parquet"
    for _ in range(2):  # what the first call wrote is not left out by the second
        report = embed_files(folder, [inside], output, progress=False, overwrite=True)
        assert (report.recordings, report.embedded) == (6, 6)
        assert report.left_out == {str(inside / "notes.txt"): "not the name of a recording"}
    names = [Path(row["path"]).relative_to(inside).as_posix() for row in pq.read_table(output).to_pylist()]
    assert names == ["a.wav", "b.AIFF", "c.au", "d.w64", "e.caf", "linked/z.wav"]


@pytest.mark.skipif(os.name == "nt", reason="names are Unicode")
def test_names_that_are_no_unicode_are_escaped(folder, files, tmp_path):
    good, broken = os.fsdecode(b"g\xe4st.wav"), os.fsdecode(b"\xff.wav")
    shutil.copy(files[0], tmp_path / good)
    (tmp_path / broken).write_bytes(b"RIFF")
    (tmp_path / os.fsdecode(b"\xe4.txt")).touch()
    output = tmp_path / os.fsdecode(b"\xe4ut") / "out.parquet"
    report = embed_files(folder, [tmp_path], output, progress=False)
    table = pq.read_table(output.open("rb")).to_pylist()
    assert [Path(row["path"]).name for row in table] == ["0.wav", "1.wav", "2.wav", "g\\xe4st.wav"]
    assert table[3]["embedding"] == table[0]["embedding"]
    assert [Path(path).name for path in quarantined(output)] == ["\\xff.wav"]
    assert [Path(path).name for path in report.left_out] == ["\\xe4.txt"]
    json.dumps(report.to_dict(), ensure_ascii=False).encode()


def test_what_cannot_be_meant_is_refused(folder, files, tmp_path):
    output = tmp_path / "out.parquet"
    (tmp_path / "empty").mkdir()
    for paths, options, message in (
        ([tmp_path / "empty"], {}, r"no recordings .* \.wav"),
        ([*files, files[0]], {}, "given twice"),
        (files, {"batch_size": 0}, "a batch of 0"),
        (files, {"protocol": "no"}, "no"),
    ):
        with pytest.raises(ConfigurationError, match=message):
            embed_files(folder, paths, output, progress=False, **options)
    with pytest.raises(ConfigurationError, match="is a folder"):
        embed_files(folder, files, tmp_path, progress=False)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ConfigurationError, match="is a device or a pipe"):
        embed_files(folder, files, tmp_path / "pipe", progress=False, resume=True)
    with pytest.raises(OSError):
        embed_files(str(tmp_path / "absent"), files, output, progress=False)
    assert not output.exists()


def test_several_models_in_one_pass(folder, files, tmp_path, monkeypatch):
    """Every recording is read once; each file is what the model alone gives; memory holds a group of rows."""
    tiny.model(seed=7).eval().save_pretrained(tmp_path / "other")
    shutil.copy(Path(folder) / "preprocessor_config.json", tmp_path / "other")
    reads = Mock(wraps=embedder.read)
    monkeypatch.setattr(embedder, "read", reads)
    monkeypatch.setattr(recordings, "GROUP", 2)
    other, out = str(tmp_path / "other"), tmp_path / "out"
    (tmp_path / "broken.wav").write_bytes(b"RIFF")
    reports = embed_with_each([folder, other], [*files, tmp_path / "broken.wav"], out, progress=False)
    assert reads.call_count == 4 and [report.quarantined for report in reports] == [1, 1]
    for model, report in zip((folder, other), reports, strict=True):
        table = pq.ParquetFile(report.output)
        assert table.num_row_groups == 2
        rows = [row["embedding"] for row in table.read().to_pylist()]
        np.testing.assert_array_equal(rows, hf_auscult.embed(model, files, progress=False))
    with pytest.raises(ConfigurationError, match="two of one name"):
        embed_with_each([folder, f"{tmp_path}/{Path(folder).name}"], files, out)


def test_exact_and_fast_rows_do_not_mix(folder, files, tmp_path, monkeypatch):
    choice = Choice("bfloat16", 0.99999, 2.0, {"bfloat16": {"cosine": 0.99999, "gain": 2.0}}, "here")
    monkeypatch.setattr(embedder, "choose", lambda *args: choice)
    output = tmp_path / "out.parquet"
    report = embed_files(folder, files, output, precision="fast", progress=False)
    assert report.precision == choice and "fast is bfloat16 here: 2.00 times as fast" in report.render()
    made_by = json.loads(pq.read_schema(output).metadata[b"provenance"])
    assert (made_by["precision"], made_by["fast"]["gain"]) == ("bfloat16", 2.0)
    rows = np.array([row["embedding"] for row in pq.read_table(output).to_pylist()])
    exact = hf_auscult.embed(folder, files, progress=False)
    assert not np.array_equal(rows, exact)
    np.testing.assert_array_equal(rows, hf_auscult.embed(folder, files, precision="fast", progress=False))
    dies_at(monkeypatch, 3)
    with pytest.raises(ConfigurationError, match="another model or protocol: other precision"):
        embed_files(folder, files, output, resume=True, progress=False)
    with pytest.raises(KeyboardInterrupt):
        embed_files(folder, files, output, precision="fast", progress=False, overwrite=True)
    with pytest.raises(ConfigurationError, match="rows that are bfloat16; these would be exact"):
        embed_files(folder, files, output, progress=False, overwrite=True)
    assert embed_files(folder, files, output, precision="fast", progress=False, overwrite=True).reused == 2


def test_a_report_in_words_names_a_few():
    report = EmbedReport("o", 1, 1, 0, 0, None, {f"{number}.txt": "why" for number in range(7)})
    lines = report.render().splitlines()
    assert lines[-7:] == ["left out: 7", *(f"  {n}.txt: why" for n in range(5)), "  and 2 more (--json lists all)"]
    assert EmbedReport("o", 1, 1, 0, 0, None).render().endswith("left out: 0")


def rows_of(output: Path) -> dict[tuple[str, int | None], list[float]]:
    return {(row["recording_id"], row["segment"]): row["embedding"] for row in pq.read_table(output).to_pylist()}


def test_a_finished_file_is_replaced_or_added_to_only_when_asked(folder, files, tmp_path):
    output, more = tmp_path / "out.parquet", tmp_path / "more.wav"
    embed_files(folder, files[:2], output, progress=False)
    before = output.read_bytes()
    with pytest.raises(ConfigurationError, match=r"is there already.*--resume, --overwrite"):
        embed_files(folder, files, output, progress=False)
    assert output.read_bytes() == before
    soundfile.write(more, np.full(RATE, 0.25), RATE)
    report = embed_files(folder, [files[1], files[2], more], output, progress=False, resume=True)
    assert (report.recordings, report.embedded, report.reused) == (4, 4, 2)
    assert list(rows_of(output)) == [("0", None), ("1", None), ("2", None), ("more", None)]
    fresh = hf_auscult.embed(folder, [*files, str(more)], progress=False)
    np.testing.assert_array_equal(list(rows_of(output).values()), fresh)
    soundfile.write(more, np.full(2 * RATE, 0.5), RATE)
    assert embed_files(folder, [more], output, progress=False, resume=True).reused == 3
    assert pq.read_table(output)["duration"].to_pylist() == [1.0, 3.0, 2.0, 2.0]
    tiny.model(seed=7).eval().save_pretrained(tmp_path / "other")
    shutil.copy(Path(folder) / "preprocessor_config.json", tmp_path / "other")
    with pytest.raises(ConfigurationError, match="of another model or protocol: other weights"):
        embed_files(str(tmp_path / "other"), files, output, progress=False, resume=True)
    report = embed_files(str(tmp_path / "other"), files[:1], output, progress=False, overwrite=True)
    assert report.recordings == 1 and list(rows_of(output)) == [("0", None)]


def test_files_of_one_name_are_told_apart(folder, files, tmp_path):
    for place in ("a", "b"):
        (tmp_path / place).mkdir()
        shutil.copy(files[0], tmp_path / place / "take.wav")
    embed_files(folder, [files[1], tmp_path / "a", tmp_path / "b"], tmp_path / "o", progress=False)
    assert list(rows_of(tmp_path / "o")) == [("1", None), (f"{tmp_path}/a/take", None), (f"{tmp_path}/b/take", None)]


def test_a_prepared_dataset_is_embedded_and_read_by_the_benchmark(folder, files, waves, tmp_path):
    from hf_auscult.data.from_folder import from_folder
    from hf_auscult.evaluation.models import find_encoder

    source, output = tmp_path / "mine", tmp_path / "out.parquet"
    source.mkdir()
    for number, file in enumerate(files):
        shutil.copy(file, source / f"take {number}.wav")
    lines = [f"take {number}.wav,p{number},{'ab'[number % 2]}" for number in range(3)]
    (source / "metadata.csv").write_text("\n".join(["path,subject_id,label", *lines]))
    from_folder(source, tmp_path / "prepared", name="mine", progress=False)
    report = embed_files(folder, [tmp_path / "prepared"], output, progress=False)
    assert (report.recordings, report.embedded, report.left_out) == (3, 3, {})
    rows = rows_of(output)
    expected = hf_auscult.embed(folder, [source / f"take {number}.wav" for number in range(3)], progress=False)
    np.testing.assert_array_equal([rows[f"take {number}", None] for number in range(3)], expected)
    in_python = hf_auscult.embed(folder, tmp_path / "prepared", progress=False)
    np.testing.assert_array_equal(in_python, list(rows.values()))
    encoder = find_encoder(str(output))
    np.testing.assert_array_equal(next(iter(encoder.rows([("take 1", {})]))), expected[1])
    assert encoder.given == folder
    (next((tmp_path / "prepared").glob("data/*.parquet"))).write_bytes(b"cut")
    with pytest.raises(DataError, match="not a prepared table"):
        embed_files(folder, [tmp_path / "prepared"], output, progress=False, resume=True)


def test_silent_and_cancelled_recordings_are_named(folder, waves, tmp_path):
    soundfile.write(tmp_path / "silent.wav", np.zeros(RATE), RATE)
    soundfile.write(tmp_path / "swapped.wav", np.stack([waves[0], -waves[0]], 1), RATE)
    with pytest.warns(UserWarning, match=r"silent\.wav is silent"):
        report = embed_files(folder, [tmp_path], tmp_path / "out.parquet", progress=False)
    assert report.notes == {
        str(tmp_path / "silent.wav"): "silent: all of its samples are equal",
        str(tmp_path / "swapped.wav"): "its two channels cancel each other, so channel 1 alone is used",
    }
    assert "odd: 2" in report.render()


def test_a_folder_in_python_and_what_is_skipped(folder, files, tmp_path):
    (tmp_path / "1 broken.wav").write_bytes(b"RIFF")
    found = hf_auscult.embed(folder, str(tmp_path), progress=False, errors="skip")
    assert found.paths == tuple(files) and found.kept == (0, 2, 3) and list(found.skipped) == [1]
    assert "1 broken.wav" in found.skipped[1]
    np.testing.assert_array_equal(found.array, hf_auscult.embed(folder, files, progress=False))
    waves = [{"array": np.ones(RATE), "sampling_rate": RATE}, {"array": np.ones(RATE), "sampling_rate": 1}]
    assert hf_auscult.embed(folder, waves, progress=False, errors="skip").paths == (None,)


def test_a_folder_that_cannot_be_opened_is_named(folder, tmp_path, monkeypatch):
    left_out = {tmp_path / "ward": "cannot be opened (Permission denied)"}
    monkeypatch.setattr("hf_auscult.embedding.sources.list_recordings", lambda _: Listing((), left_out))
    with pytest.raises(ConfigurationError, match=r"ward cannot be opened \(Permission denied\)"):
        embed_files(folder, [tmp_path], tmp_path / "out.parquet", progress=False)
