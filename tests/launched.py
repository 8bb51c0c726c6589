"""The examples under `accelerate launch`, on two processes that know of each other."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LAUNCH = (sys.executable, "-m", "accelerate.commands.accelerate_cli", "launch", "--multi_gpu", "--num_processes", "2")
FLAGS = ("--num_machines", "1", "--mixed_precision", "no", "--dynamo_backend", "no")


def two_processes(script: str, config: Path) -> subprocess.CompletedProcess[str]:
    """Run a script of the examples with a configuration, and `--json`."""
    environment = {"PYTHONPATH": str(ROOT), "HF_HUB_OFFLINE": "1", "ACCELERATE_USE_CPU": "true", "OMP_NUM_THREADS": "1"}
    return subprocess.run(
        [*LAUNCH, *FLAGS, str(ROOT / "examples" / script), "--config", str(config), "--json"],
        capture_output=True,
        text=True,
        env={**os.environ, **environment},
        check=False,
    )
