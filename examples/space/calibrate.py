"""Measure how the page's cosines become probabilities: `python calibrate.py FOLDER_OF_PREPARED_DATASETS`.

Offsets come from training people, base rates and temperature from validation people, the AUROC from test people; of the
latter two, whom the model was trained on is left out.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import torch
import yaml
from listening import HERE, MODEL, PRECISION, direction, loaded

from hf_auscult.data import load_prepared
from hf_auscult.data.guards import assert_no_reserved
from hf_auscult.data.trained_on import seen_people
from hf_auscult.embedding import Embedder
from hf_auscult.embedding.store import weights_of
from hf_auscult.errors import DataError
from hf_auscult.evaluation.zero_shot.probabilities import calibrate_zero_shot
from hf_auscult.metrics import auroc, person_interval

MOST = 200  # recordings of a split that are listened to, evenly taken


def measured(embedder: Embedder, item: dict[str, Any], prepared: Path) -> dict[str, Any]:
    """Measure one finding."""
    model = embedder.model
    seen = seen_people(MODEL, item["dataset"], prepared=prepared)
    if seen is None or seen.other_lists:
        raise DataError("does not say whom it was trained on", where=MODEL, remedy="train it with hf_auscult")
    with torch.inference_mode():
        classes = torch.stack([direction(model, words) for words in item["classes"].values()])
    scores, labels, people = {}, {}, {}
    for split, part in load_prepared(prepared, item["config"]).items():
        ids = part.select_columns(["subject_id", "person"]).to_list()
        kept = [
            index
            for index, row in enumerate(ids)
            if split == "train" or not seen.count([{row["subject_id"], row["person"] or row["subject_id"]}])
        ]
        kept = kept[:: len(kept) // MOST + 1]
        (column,) = (name for name in part.column_names if name == "label" or name.startswith("label_"))
        chosen = part.select(kept)
        if split != "test":
            assert_no_reserved(chosen["subject_id"], item["dataset"], use="calibration")
        rows = embedder.encode(chosen["audio"], outputs=("audio_embeds",), progress=True)["audio_embeds"]
        scores[split] = model.score(torch.from_numpy(rows), classes).numpy()
        labels[split], people[split] = np.asarray(chosen[column]), chosen["person"]
    found = calibrate_zero_shot(labels["validation"], scores["validation"], scores["train"])
    margin = scores["test"][:, 1] - scores["test"][:, 0]
    interval = person_interval(auroc, labels["test"], margin, subjects=people["test"])
    return {
        **{key: getattr(found, key) for key in ("offset", "prior", "temperature", "useful")},
        **{"auroc": interval.value, "low": interval.low, "high": interval.high},
        "recordings": {split: len(rows) for split, rows in labels.items()},
        "people": {split: len(set(ids)) for split, ids in people.items()},
    }


def main(folder: str, output: str = str(HERE / "calibration.json")) -> None:
    """Write calibration.json beside the page, for the findings whose dataset is there."""
    runner, fe = loaded()
    embedder = Embedder(runner.model, fe, precision=PRECISION)
    items = yaml.safe_load((HERE / "findings.yaml").read_text("utf-8"))
    known = [(item, Path(folder) / item["dataset"]) for item in items]
    findings = {item["name"]: measured(embedder, item, prepared) for item, prepared in known if prepared.is_dir()}
    content = {"weights": weights_of(embedder.model), "findings": findings}
    Path(output).write_text(json.dumps(content, indent=2) + "\n", "utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
