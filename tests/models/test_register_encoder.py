"""An encoder from outside the tree, brought in by one call: saved, embedded, aligned, and loaded by its own code."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from transformers import AutoModel

import hf_auscult
from hf_auscult.errors import ConfigurationError
from hf_auscult.models.opera import OperaGTConfig
from tests.models.test_custom_code import job, run_without_package

USE = """
import json, sys
from pathlib import Path
import numpy as np
import torch
import hf_auscult

root, how = Path(sys.argv[1]), sys.argv[2]
if how == "strings":
    hf_auscult.register_encoder(
        "my_lab.configuration_toy:ToyConfig",
        "my_lab.modeling_toy:ToyModel",
        classification="my_lab.modeling_toy:ToyForAudioClassification",
    )
    assert "my_lab.modeling_toy" not in sys.modules
else:
    from my_lab.configuration_toy import ToyConfig
    from my_lab.modeling_toy import ToyForAudioClassification, ToyModel

    hf_auscult.register_encoder(ToyConfig, ToyModel, classification=ToyForAudioClassification)

from transformers import AutoConfig, AutoFeatureExtractor, AutoModel, AutoModelForAudioClassification
from hf_auscult.audio import WindowPolicy
from hf_auscult.features import AuscultFeatureExtractor
from hf_auscult.models.acula import AcuLaConfig

torch.manual_seed(0)
fe = AuscultFeatureExtractor("heart", WindowPolicy("sliding", seconds=2.0))
rate = fe.sampling_rate
waves = [np.sin(np.arange(int(rate * seconds)) / 9).astype(np.float32) for seconds in (1.5, 2.0, 5.2)]
toy = AutoConfig.for_model("my-lab-toy", hidden_size=8)
acula = AcuLaConfig(audio_config=toy, text_size=12, projection_hidden_size=24, projection_size=16, teacher=None)
answers = {}
for name, config in (("toy", toy), ("acula", acula)):
    model, folder = AutoModel.from_config(config).eval(), root / name
    model.save_pretrained(folder)
    fe.save_pretrained(folder)
    again = AutoModel.from_pretrained(folder).eval()
    assert type(again) is type(model) and type(AutoFeatureExtractor.from_pretrained(folder)) is type(fe)
    assert all(torch.equal(one, other) for one, other in zip(model.state_dict().values(), again.state_dict().values()))
    recordings = [{"array": wave, "sampling_rate": rate} for wave in waves]
    rows = hf_auscult.embed(str(folder), recordings, progress=False)
    with torch.no_grad():
        alone = [again(**fe(wave, sampling_rate=rate, return_tensors="pt")).pooler_output[0].numpy() for wave in waves]
    np.testing.assert_allclose(rows, np.stack(alone), atol=1e-6)
    head = AutoModelForAudioClassification.from_pretrained(folder, num_labels=3).eval()
    assert head(**fe(waves, sampling_rate=rate, return_tensors="pt")).logits.shape == (3, 3)
    with torch.no_grad():
        answers[name] = again(**fe(waves[2], sampling_rate=rate, return_tensors="pt")).pooler_output.tolist()
print(json.dumps(answers))
"""


@pytest.mark.parametrize("how", ["strings", "classes"])
def test_one_call_is_all_it_takes(how, tmp_path):
    code = f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r})\n{USE}"
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path), how], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]
    here = json.loads(done.stdout.splitlines()[-1])
    rate = 4_000
    wave = np.sin(np.arange(int(rate * 5.2)) / 9).astype(np.float32)
    jobs = [
        job(name, tmp_path / name, wave, rate, classes=["AutoModel", "AutoModelForAudioClassification"])
        for name in here
    ]
    assert (tmp_path / "acula" / "my_lab_layers.py").is_file()
    answers = run_without_package(jobs, tmp_path)  # my_lab is not there either
    for name, rows in here.items():
        problem = answers / f"{name}.txt"
        assert not problem.exists(), problem.read_text()
        np.testing.assert_array_equal(np.load(answers / f"{name}.npz")["AutoModel.pooler_output"], np.float32(rows))


@pytest.mark.parametrize("taken", ["opera-gt", "clap"])
def test_a_type_that_is_taken_is_refused(taken):
    class Other(OperaGTConfig):
        model_type = taken

    with pytest.raises(ConfigurationError, match=f"model type '{taken}' is taken"):
        hf_auscult.register_encoder(Other, AutoModel)
