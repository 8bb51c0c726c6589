"""Use the installed wheel where there is no checkout: every data file of the package is in it."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

import hf_auscult
from hf_auscult import metrics
from hf_auscult.data.catalogue import DATASETS
from hf_auscult.evaluation.suites import SUITES, suite_of
from hf_auscult.hub.cards import families
from hf_auscult.hub.metric_space import write_modules
from hf_auscult.hub.plans import plan_recipe, release
from hf_auscult.models.opera import OperaGTConfig
from hf_auscult.models.opera.modeling_opera_gt import OperaGTModel

with tempfile.TemporaryDirectory() as folder:
    OperaGTModel(OperaGTConfig(num_hidden_layers=1)).save_pretrained(folder)
    code = (
        "import sys; from transformers import AutoFeatureExtractor, AutoModel\n"
        "AutoModel.from_pretrained(sys.argv[1], trust_remote_code=True)\n"
        "AutoFeatureExtractor.from_pretrained(sys.argv[1], trust_remote_code=True)\n"
    )
    subprocess.run([sys.executable, "-c", code, folder], check=True)
    assert len(write_modules(Path(folder) / "metrics")) == len(metrics.metric_names())
assert all(suite_of(name) for name in SUITES) and len(DATASETS) and families()
assert all(plan_recipe(name, f"auscult/{name}").files for name in release()["datasets"])
print(f"hf_auscult {hf_auscult.__version__} is complete")
