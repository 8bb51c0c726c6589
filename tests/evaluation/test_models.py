"""What a benchmark can evaluate."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from transformers import AutoModel

import hf_auscult
from hf_auscult.errors import ConfigurationError, DataError
from hf_auscult.evaluation.models import RecordingLevel, find_encoder
from hf_auscult.evaluation.shortcuts import LEVEL
from hf_auscult.reports.generate import name_of
from tests.models import zoo


def cell(seconds=2.0, rate=4000, seed=0):
    noise = np.random.default_rng(seed).standard_normal(int(seconds * rate)).astype(np.float32) * 0.1
    return {"array": noise, "sampling_rate": rate}


def rows(model, *cells):
    return np.stack(list(model.rows([(f"r{place}", audio) for place, audio in enumerate(cells)])))


def test_log_mel_statistics_are_the_bands_and_do_not_depend_on_company():
    model = find_encoder("logmel")
    alone, pair = rows(model, cell()), rows(model, cell(), cell(seed=1))
    assert alone.shape == (1, 4 * 64) and np.array_equal(alone[0], pair[0])
    assert np.isfinite(rows(model, cell(seconds=0.01))).all()
    other = find_encoder("logmel:heart")
    assert other.fingerprint != model.fingerprint and other.name != model.name


def test_level_columns():
    (found,) = rows(RecordingLevel(), cell(seconds=3.0))
    assert dict(zip(LEVEL, found.tolist(), strict=True))["duration"] == pytest.approx(3.0)


def test_an_encoder_is_what_embed_gives(tmp_path):
    folder = tmp_path / "opera"
    zoo.GT.model().save_pretrained(folder)
    zoo.GT.extractor().save_pretrained(folder)
    model = find_encoder(str(folder))
    expected = hf_auscult.embed(str(folder), [cell(), cell(seed=1)], progress=False)
    assert np.array_equal(rows(model, cell(), cell(seed=1)), expected)
    assert model.name == "opera"
    loaded = find_encoder(AutoModel.from_pretrained(folder))  # a model object, as hf_auscult.embed takes it
    assert (loaded.name, loaded.fingerprint) == (model.name, model.fingerprint)
    assert np.array_equal(rows(loaded, cell()), expected[:1]) and find_encoder(model) is model
    zoo.GT.model(seed=1).save_pretrained(folder)  # other weights under the same name
    assert find_encoder(str(folder)).fingerprint != model.fingerprint
    with pytest.raises(ConfigurationError, match="published window rule"):
        find_encoder(str(folder), "published")  # refused before any recording is read


def test_embeddings_made_elsewhere(tmp_path):
    file = tmp_path / "mine.parquet"
    pq.write_table(
        pa.table({"recording_id": ["a", "a", "b"], "segment": [0, 1, None], "embedding": [[1.0], [2.0], [3.0]]}), file
    )
    model = find_encoder(str(file))
    keys = [("b", {}), ("a#1", {})]
    assert [row.tolist() for row in model.rows(keys)] == [[3.0], [2.0]]
    with pytest.raises(DataError, match="no embedding of c"):
        list(model.rows([("c", {})]))


@pytest.mark.parametrize(
    "table",
    [{"recording_id": ["a"]}, {"recording_id": ["a", "a"], "embedding": [[1.0], [2.0]]}, {"embedding": [[1.0]]}],
)
def test_damaged_embeddings_are_refused(tmp_path, table):
    pq.write_table(pa.table(table), tmp_path / "mine.parquet")
    with pytest.raises(DataError, match=r"embeddings|two rows"):
        find_encoder(str(tmp_path / "mine.parquet"))


def test_unknown_names_are_refused():
    with pytest.raises(ConfigurationError, match="front end"):
        find_encoder("logmel:nobody")
    with pytest.raises(ConfigurationError, match="feature set"):
        find_encoder("opensmile:nobody")


def test_keys():
    assert name_of({"recording_id": "a"}) == name_of({"recording_id": "a", "segment": None}) == "a"
    assert name_of({"recording_id": "a", "segment": 3}) == "a#3"
