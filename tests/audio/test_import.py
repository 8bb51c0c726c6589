from __future__ import annotations

import subprocess
import sys

HEAVY = {"torch", "torchcodec", "librosa", "numba", "audiomentations", "scipy", "datasets", "transformers", "pandas"}


def test_importing_the_audio_layer_loads_nothing_heavy():
    code = "import sys, hf_auscult.audio; print(' '.join(sys.modules))"
    loaded = set(
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    )
    assert {"numpy", "soundfile", "soxr"} <= loaded
    assert not HEAVY & loaded
