"""A toy of every kind from outside the tree, together in one run: no file of the package knows any of them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.data.test_catalogue import READER, TOY, recordings

USE = '''
import json, sys
from pathlib import Path
import torch
import hf_auscult
from dataclasses import replace
from transformers import AutoConfig, AutoModel
from hf_auscult import metrics, objectives
from hf_auscult.audio import WindowPolicy
from hf_auscult.features import FRONT_ENDS, AuscultFeatureExtractor, register_front_end

root = Path(sys.argv[1])


class Distance(objectives.Objective):
    """Mean absolute difference of the rows."""

    name = "distance"

    def loss(self, audio, text, extras):
        return (audio - text).abs().mean()


def peak(predictions):
    return {"peak": max(predictions)}


hf_auscult.register_encoder("my_lab.configuration_toy:ToyConfig", "my_lab.modeling_toy:ToyModel")
hf_auscult.register_dataset(root / "toy_clinic")
register_front_end(replace(FRONT_ENDS["heart"], name="toy_front_end", f_max=900, source="our own"))
objectives.register(Distance)
metrics.register(metrics.MetricModule("peak", peak, {"predictions": ("float64", "a number")}, {"predictions": [1.0]},
                                      "Largest number"))

torch.manual_seed(0)
AutoModel.from_config(AutoConfig.for_model("my-lab-toy", hidden_size=8)).save_pretrained(root / "model")
AuscultFeatureExtractor("toy_front_end", WindowPolicy("sliding", seconds=1.0)).save_pretrained(root / "model")
hf_auscult.prepare("toy_clinic", root / "download", root / "prepared" / "toy_clinic", progress=False)
result = hf_auscult.evaluate(str(root / "model"), root / "toy_task.yaml", root=root / "prepared", progress=False)
(task,) = result.tasks
(row,) = task.results
loss = objectives.get("distance+infonce")(torch.eye(4), torch.eye(4).flip(0))
print(json.dumps({
    "missing": task.missing, "model": row.model, "figures": sorted(row.figures), "loss": float(loss),
    "auroc": row.figures["auroc"].value, "shortcuts": len(task.shortcuts), "columns": list(task.shortcut_columns),
    "peak": metrics.load("peak").compute(predictions=[1.0, 2.0])["peak"],
}))
'''


@pytest.mark.slow
def test_encoder_dataset_task_front_end_objective_and_metric(tmp_path: Path):
    clinic = tmp_path / "toy_clinic"
    clinic.mkdir()
    (clinic / "dataset.yaml").write_text(yaml.safe_dump(TOY, sort_keys=False))
    (clinic / "reader.py").write_text(READER)
    recordings(tmp_path / "download")
    (tmp_path / "toy_task.yaml").write_text("title: Wheeze\ndataset: toy_clinic\nconfig: wheeze\npositive: Wheezing\n")
    code = f"import sys; sys.path.insert(0, {str(Path(__file__).parent / 'models')!r})\n{USE}"
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]
    answer = json.loads(done.stdout.splitlines()[-1])
    assert not answer["missing"] and answer["model"] == "model" and "auroc" in answer["figures"]
    assert 0 <= answer["auroc"] <= 1 and answer["loss"] > 0 and answer["peak"] == 2.0
    assert answer["shortcuts"] == 2 and "ward" in answer["columns"]
