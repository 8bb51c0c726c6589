"""Measure how the page's cosines become probabilities: `python calibrate.py PREPARED_DATASET [CONFIG]`.

Offsets come from training people, base rates and temperature from validation people, the AUROC from test people.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import torch
import yaml
from app import HERE, _unit, loaded

from hf_auscult.data import load_prepared
from hf_auscult.evaluation.zero_shot.probabilities import calibrate_zero_shot
from hf_auscult.metrics import auroc, person_interval


def main(prepared: str, config: str = "murmur") -> None:
    """Write calibration.json beside the page, for its first finding."""
    model = loaded()[0].model
    finding = yaml.safe_load((HERE / "findings.yaml").read_text("utf-8"))[0]
    rows = load_prepared(prepared, config)
    with torch.inference_mode():
        classes = torch.stack([_unit(model, words) for words in finding["classes"].values()])
        scores = {split: model.score(list(part["audio"]), classes).numpy() for split, part in rows.items()}
    labels = {split: np.asarray(part["label"]) for split, part in rows.items()}
    found = calibrate_zero_shot(labels["validation"], scores["validation"], scores["train"])
    people = rows["test"]["person"]
    margin = scores["test"][:, 1] - scores["test"][:, 0]
    interval = person_interval(auroc, labels["test"], margin, subjects=people)
    entry = {
        **{key: getattr(found, key) for key in ("offset", "prior", "temperature", "useful")},
        **{"auroc": interval.value, "low": interval.low, "high": interval.high, "people": len(set(people))},
    }
    Path(HERE / "calibration.json").write_text(json.dumps({finding["name"]: entry}, indent=2) + "\n", "utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
