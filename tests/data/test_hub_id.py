"""``load_dataset("auscult/<name>", task)`` with a Hub id: a server on this machine hands out the prepared folder."""

from __future__ import annotations

import json
import os
import subprocess
import sys

from .hub_stand_in import serving

# A process of its own: the Hub's address is read once, when its library is imported.
SCRIPT = """
import json, sys
import datasets
datasets.disable_progress_bars()
name = "auscult/circor"
found = {"configs": datasets.get_dataset_config_names(name)}
loaded = datasets.load_dataset(name, "murmur")
found["counts"] = {split: len(part) for split, part in loaded.items()}
found["head"] = [part[0]["audio"]["bytes"][:4].decode() for part in loaded.values()]
streamed = datasets.load_dataset(name, "murmur", split="test", streaming=True)
found["streamed"] = [row["recording_id"] for row in streamed]
found["whole"] = loaded["test"]["recording_id"][:]
print(json.dumps(found))
"""


def test_a_hub_id_is_loaded_and_streamed(prepared, tmp_path):
    with serving(prepared.output, "auscult/circor") as address:
        environment = os.environ | {
            "HF_ENDPOINT": address,
            "HF_HOME": str(tmp_path / "home"),
            "HF_HUB_DISABLE_TELEMETRY": "1",
            "HF_HUB_DISABLE_XET": "1",
            "NO_PROXY": "127.0.0.1",
            "no_proxy": "127.0.0.1",
        }
        for offline in ("HF_HUB_OFFLINE", "HF_DATASETS_OFFLINE", "HF_HUB_CACHE", "HF_DATASETS_CACHE"):
            environment.pop(offline, None)
        done = subprocess.run(
            [sys.executable, "-c", SCRIPT], env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=120
        )
    assert done.returncode == 0, done.stderr[-3000:]
    found = json.loads(done.stdout.splitlines()[-1])
    expected = prepared.configs
    assert found["configs"] == list(expected)
    assert found["counts"] == {split: counts.recordings for split, counts in expected["murmur"].items()}
    assert set(found["head"]) == {"RIFF"}
    assert found["streamed"] == found["whole"] and found["whole"]
