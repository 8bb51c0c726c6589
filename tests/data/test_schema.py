from __future__ import annotations

import datasets
import pyarrow as pa
import pyarrow.parquet as pq

from hf_auscult.data.schema import SITES, features, label_feature, text_or_none


def test_missing_words_become_none():
    for word in ("nan", "NaN", " nan ", "", None, "N/A", "null"):
        assert text_or_none(word) is None
    assert text_or_none(" Child\r") == "Child"
    assert text_or_none("Nancy") == "Nancy"


def test_features_survive_a_parquet_round_trip(tmp_path):
    columns = features({"events": "events", "segmentation": "segmentation", "x": "string"})
    columns["label"] = label_feature(("a", "b"))
    row = dict.fromkeys(columns) | {
        "audio": {"bytes": b"raw", "path": "a.wav"},
        "events": [{"start": 0.5, "end": 1.0, "type": "Wheeze"}],
        "segmentation": [{"start": 0.0, "end": 0.1, "state": 3}],
        "label": 1,
    }
    file = tmp_path / "x.parquet"
    # As prepare writes it: encoding through the datasets library would ask for torchcodec.
    pq.write_table(pa.Table.from_pylist([row], schema=columns.arrow_schema), file)
    back = datasets.load_dataset("parquet", data_files=str(file), split="train")
    assert back.features == columns
    assert back[0]["audio"] == {"bytes": b"raw", "path": "a.wav"}
    assert back[0]["events"] == row["events"]
    assert back[0]["age"] is None


def test_labels_are_a_class_several_or_a_value():
    assert "label" not in features({})
    assert label_feature(("a",)).names == label_feature(("a",), "classes").feature.names == ["a"]
    assert label_feature((), "value") == datasets.Value("float64")
    assert len(set(SITES)) == len(SITES)
