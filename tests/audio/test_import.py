from __future__ import annotations

import subprocess
import sys

HEAVY = {"torch", "torchcodec", "librosa", "numba", "audiomentations", "scipy", "datasets", "transformers", "pandas"}
HEAVY |= {"soundfile", "soxr"}  # only where a file is read or a rate is changed

# The parent's own __init__ is left out: what it registers is not the audio layer's doing.
CODE = """
import importlib.util, sys, types
parent = types.ModuleType("hf_auscult")
parent.__path__ = list(importlib.util.find_spec("hf_auscult").submodule_search_locations)
sys.modules["hf_auscult"] = parent
import hf_auscult.audio
print(" ".join(sys.modules))
"""


def test_importing_the_audio_layer_loads_nothing_heavy():
    loaded = set(
        subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=True).stdout.split()
    )
    assert {"numpy", "hf_auscult.audio.windows"} <= loaded
    assert not HEAVY & loaded
