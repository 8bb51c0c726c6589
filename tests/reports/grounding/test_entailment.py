"""The second reader, with a model of a few weights that is drawn at random: the way of the data, not its sense."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from transformers import BertConfig, BertForSequenceClassification, BertTokenizerFast

from hf_auscult.data.facts import Fact
from hf_auscult.errors import ConfigurationError, DataError
from hf_auscult.reports import Entailment

FACTS = (Fact("finding", "wheeze", "w"), Fact("finding", "crackle", "c", "absent"), Fact("sex", "female", "s"))
TEXT = "Wheezes without crackles in this woman."


def model(folder: Path, labels: tuple[str, ...]) -> str:
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "wheezes", "crackles", "no", "female", "patient", "."]
    (folder / "vocab.txt").write_text("\n".join(words))
    BertTokenizerFast(str(folder / "vocab.txt")).save_pretrained(folder)
    sizes = dict(hidden_size=8, num_hidden_layers=1, num_attention_heads=2, intermediate_size=8, vocab_size=len(words))
    torch.manual_seed(0)
    BertForSequenceClassification(BertConfig(**sizes, id2label=dict(enumerate(labels)))).save_pretrained(folder)
    return str(folder)


def test_every_fact_is_judged_the_same_whatever_the_batch(tmp_path: Path):
    name = model(tmp_path, ("CONTRADICTION", "ENTAILMENT", "NEUTRAL"))
    together = Entailment(name).read(TEXT, FACTS)
    single = Entailment(name, batch_size=1).read(TEXT, FACTS)
    assert [one.fact for one in together] == list(FACTS)
    assert [one.verdict for one in together] == [one.verdict for one in single]
    assert [one.probability for one in together] == pytest.approx([one.probability for one in single], abs=1e-5)
    assert all(1 / 3 <= one.probability <= 1 and one.hypothesis for one in together)
    assert together[0].to_dict()["fact"]["value"] == "wheeze"


def test_the_verdict_is_the_column_with_that_name(tmp_path: Path):
    reader = Entailment(model(tmp_path, ("not_known", "entail", "contradict", "neutral")[1:]))
    for column, verdict in enumerate(("entailment", "contradiction", "neutral")):
        with torch.no_grad():
            reader.model.classifier.weight.zero_()
            reader.model.classifier.bias.copy_(torch.eye(3)[column] * 9)
        assert {one.verdict for one in reader.read(TEXT, FACTS)} == {verdict}


def test_other_labels_no_model_and_no_text_are_errors(tmp_path: Path):
    with pytest.raises(ConfigurationError, match="label_0"):
        Entailment(model(tmp_path, ("LABEL_0", "LABEL_1", "LABEL_2")))
    with pytest.raises(ConfigurationError, match="model of inference"):
        Entailment(str(tmp_path / "nothing"))
    folder = tmp_path / "good"
    folder.mkdir()
    with pytest.raises(DataError, match="empty"):
        Entailment(model(folder, ("entailment", "neutral", "contradiction"))).read(" ", FACTS)
