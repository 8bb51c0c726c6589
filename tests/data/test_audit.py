"""The ledger finds every kind of leak, counts it, and is empty for what prepare wrote."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest
import soundfile

from hf_auscult.cli import main
from hf_auscult.data import SplitSpec, prepare
from hf_auscult.data.audit import audit
from hf_auscult.errors import DataError


def take(seed: int, seconds: float = 6.0, rate: int = 4_000) -> np.ndarray:
    rng = np.random.default_rng(seed)
    time = np.arange(int(seconds * rate)) / rate
    beat = np.clip(np.sin(2 * np.pi * (1.0 + 0.1 * seed) * time), 0, 1) ** 8
    return (0.3 * beat * rng.standard_normal(len(time)) + 0.02 * rng.standard_normal(len(time))).astype("f4")


@pytest.fixture
def table(tmp_path: Path):
    """Write recordings and their CSV: (path, subject, split, samples)."""

    def write(rows, name="mine.csv"):
        with (tmp_path / name).open("w", newline="") as stream:
            writer = csv.writer(stream)
            writer.writerow(("path", "subject", "split"))
            for path, subject, split, samples in rows:
                if samples is not None:
                    soundfile.write(tmp_path / path, samples, 4_000)
                writer.writerow((path, subject, split))
        return tmp_path / name

    return write


def test_every_kind_of_leak_is_counted(table):
    rows = [
        ("a.wav", "p1", "train", take(1)),
        ("b.wav", "p2", "train", take(2)),
        ("c.wav", "p3", "train", take(3)),
        ("d.wav", "p1", "test", take(4)),  # the same person
        ("e.wav", "p5", "test", take(2)),  # the same bytes
        ("f.wav", "p6", "test", 0.5 * take(3)[3_000:]),  # the same take, quieter, cut
        ("g.wav", "p7", "test", take(7)),
    ]
    ledger = audit([table(rows)])
    found = {finding.kind: finding for finding in ledger.findings}
    assert set(found) == {"people", "identical", "alike"}
    assert (found["people"].recordings, found["people"].of, found["people"].examples) == (1, 4, ("mine:p1",))
    assert found["identical"].examples == ("e.wav = b.wav",)
    assert found["alike"].examples == ("c.wav ~ f.wav",)
    assert not ledger.clean
    assert "LEAK 1 of 4 recordings of mine/test are of 1 people who are in mine/train too: mine:p1" in ledger.render()


def test_a_clean_table(table):
    rows = [("a.wav", "p1", "train", take(1)), ("b.wav", "p2", "test", take(2))]
    ledger = audit([table(rows)])
    assert ledger.clean
    assert ledger.render().endswith("no leak found")
    assert ledger.looked_at == {"mine/train": 1, "mine/test": 1}


def test_training_parts_are_compared_with_other_datasets_tests(table):
    one = table([("a.wav", "p1", "train", take(1)), ("b.wav", "p2", "test", take(2))], "corpus.csv")
    other = table([("c.wav", "x1", "train", take(3)), ("d.wav", "x2", "test", take(1))], "bench.csv")
    (finding,) = audit([one, other]).findings
    assert finding.where == ("corpus/train", "bench/test")
    assert finding.kind == "identical"


def test_without_audio_people_are_still_compared(table):
    ledger = audit([table([("a.wav", "p1", "train", None), ("b.wav", "p1", "validation", None)])])
    assert ledger.unheard == 2
    assert [finding.kind for finding in ledger.findings] == ["people"]


def test_prepared_real_recordings(shared: Path, tmp_path: Path):
    source = shared / "data" / "sprsound"
    prepare("sprsound", source, tmp_path / "ours", tasks=["recordings"], progress=False)
    assert audit([tmp_path / "ours"]).clean
    official = SplitSpec(name="official", allow_leakage=True)
    prepare("sprsound", source, tmp_path / "theirs", split=official, tasks=["recordings"], progress=False)
    found = {(finding.kind, finding.where[1]): finding for finding in audit([tmp_path / "theirs"]).findings}
    assert found["people", "sprsound/test_intra"].recordings == 80
    pair = "41279835_14.1_0_p1_2050 = 41279835_14.1_0_p1_2945"
    assert found["identical", "sprsound/test_intra"].examples == (pair,)


@pytest.mark.parametrize(
    ("fixture", "line"),
    [
        ("opera_kauh", "63 of 72 recordings of opera_kauh/val + test are of 49 people who are in opera_kauh/train too"),
        ("opera_icbhi", "people who are in opera_icbhi/train too: icbhi:156, icbhi:218"),
    ],
)
def test_published_splits_leak(fixture, line):
    """OPERA's own lists, rebuilt from their facts."""
    ledger = audit([Path(__file__).parent / "fixtures" / f"{fixture}.csv"])
    assert not ledger.clean
    assert line in ledger.render()


@pytest.mark.parametrize("fixture", ["opera_kauh_unused", "opera_resp_at_tr"])
def test_published_splits_that_do_not_leak(fixture):
    assert audit([Path(__file__).parent / "fixtures" / f"{fixture}.csv"]).clean


def test_bare_ids_of_two_files_are_not_the_same_person(table):
    one = table([("a.wav", "101", "train", None)], "one.csv")
    other = table([("b.wav", "101", "test", None)], "other.csv")
    ledger = audit([one, other])
    assert ledger.clean and "CHECK whether 1 ids in one, other are the same people (101)" in ledger.render()
    named = table([("c.wav", "one:101", "test", None)], "named.csv")
    assert [finding.kind for finding in audit([one, named]).findings] == ["people"]


def test_the_command(table, capsys):
    leaking = str(table([("a.wav", "p1", "train", None), ("b.wav", "p1", "test", None)]))
    assert main(["audit", leaking]) == 1
    assert "p1" in capsys.readouterr().out
    assert main(["audit", leaking, "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["findings"][0]["kind"] == "people"
    assert main(["audit", str(table([("a.wav", "p1", "train", None), ("b.wav", "p2", "test", None)]))]) == 0


def test_bad_tables(table, tmp_path: Path):
    with pytest.raises(DataError, match="neither a prepared folder"):
        audit([tmp_path])
    (tmp_path / "short.csv").write_text("path,subject\na,b\n")
    with pytest.raises(DataError, match=r"columns \['split'\] are missing"):
        audit([tmp_path / "short.csv"])
    with pytest.raises(DataError, match="line 2 has an empty cell"):
        audit([table([("a.wav", "", "train", None)])])


@pytest.mark.parametrize("part", ["Test", "eval", "val", "holdout", "test1", "EVALUATION", "dev", "fold 3"])
def test_parts_of_another_dataset_are_compared_whatever_they_are_called(table, part):
    one = table([("a.wav", "x:p1", "train", take(1)), ("b.wav", "x:p2", "train", take(2))], "corpus.csv")
    other = table([("c.wav", "X:P01", part, take(3)), ("d.wav", "y:1", part, 0.5 * take(2)[3_000:])], "bench.csv")
    for sources in ([one, other], [other, one]):
        found = audit(sources).findings
        assert [finding.kind for finding in found] == ["people", "alike"]
        assert {finding.where for finding in found} == {("corpus/train", f"bench/{part}")}
        assert found[0].examples == ("X:P01 = x:p1",)


def test_two_training_sets_may_share_people(table):
    one = table([("a.wav", "x:p1", "train", None)], "one.csv")
    assert audit([one, table([("b.wav", "x:p1", "Training", None)], "two.csv")]).clean


@pytest.mark.parametrize(
    ("subject", "name"), [("circor:13918", "list"), (" CirCor:13918.0", "list"), ("13918", "circor")]
)
def test_reserved_people_are_met_by_the_ids_prefix_or_the_files_name(table, subject, name):
    (finding,) = audit([table([("a.wav", subject, "train", None)], f"{name}.csv")]).findings
    assert finding.kind == "reserved"
    for part in ("test", "Test", "holdout", "test_2"):
        assert audit([table([("a.wav", subject, part, None)], f"{name}.csv")]).clean
    assert not audit([table([("a.wav", subject, "val", None)], f"{name}.csv")]).clean


def test_a_corpus_can_be_audited(shared: Path, tmp_path: Path):
    from hf_auscult.data.corpora import CorpusSpec, build_corpus

    from .conftest import copy_ids

    source = copy_ids(tmp_path / "in", lambda ids: ids[:24])
    prepare("circor", source, tmp_path / "circor", progress=False, verify=False)
    spec = CorpusSpec("heart", {"circor": None}, "made up")
    build_corpus(spec, [tmp_path / "circor"], tmp_path / "corpus", progress=False)
    ledger = audit([tmp_path / "corpus", tmp_path / "circor"])
    assert ledger.clean and ledger.looked_at["corpus/train"]
    # The same data prepared with another seed: people of the corpus are tested now.
    prepare("circor", source, tmp_path / "again", split=SplitSpec(seed=3), progress=False, verify=False)
    found = audit([tmp_path / "corpus", tmp_path / "again"])
    assert {("corpus/train", "circor/test")} <= {finding.where for finding in found.findings}
    assert main(["audit", str(tmp_path / "corpus"), str(tmp_path / "again")]) == 1
