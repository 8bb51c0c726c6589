"""Run as a script where `hf_auscult` cannot be imported: loads folders by their own code and stores what they answer.

`python without_package.py JOBS.json ANSWERS`: every job has a name, a folder, Auto classes and a waveform (.npy); its
answers go to ANSWERS/<name>.npz, what went wrong to ANSWERS/<name>.txt.
"""

from __future__ import annotations

import json
import sys
import traceback
from pathlib import Path


class Hide:
    """As if the package were not installed."""

    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == "hf_auscult":
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)


def answers(job: dict) -> dict:
    import numpy as np
    import torch
    import transformers

    folder, found = job["folder"], {}
    fe = transformers.AutoFeatureExtractor.from_pretrained(folder, trust_remote_code=True)
    inputs = fe(np.load(job["waveform"]), sampling_rate=job["rate"], return_tensors="pt")
    found["input_features"] = inputs["input_features"].numpy()
    config = transformers.AutoConfig.from_pretrained(folder, trust_remote_code=True)
    modules = [type(fe).__module__, type(config).__module__]
    for auto in job["classes"]:
        cls = getattr(transformers, auto)
        model = cls.from_pretrained(folder, trust_remote_code=True).eval()
        modules.append(type(model).__module__)
        with torch.no_grad():
            for name, value in embeddings(model, inputs).items():
                found[f"{auto}.{name}"] = value.numpy()
    if job.get("pipeline"):
        wave = {"raw": np.load(job["waveform"]), "sampling_rate": job["rate"]}
        pipe = transformers.pipeline("audio-classification", model=folder, trust_remote_code=True)
        found["pipeline"] = np.array([answer["score"] for answer in pipe(wave, top_k=None)])
    if job.get("processor"):
        processor = transformers.AutoProcessor.from_pretrained(folder, trust_remote_code=True)
        modules.append(type(processor).__module__)
        assert type(processor).__name__ == job["processor"], type(processor)
    assert all(name.startswith("transformers_modules.") for name in modules), modules
    if job.get("texts"):
        both = processor(
            text=job["texts"], audio=np.load(job["waveform"]), sampling_rate=job["rate"], return_tensors="pt"
        )
        found |= {f"processor.{key}": value.numpy() for key, value in both.items()}
    if job.get("resave"):
        model.save_pretrained(job["resave"])
        fe.save_pretrained(job["resave"])
    return found


def embeddings(model, inputs) -> dict:
    """What the models of every Auto class are compared by; also called with the package."""
    base = model.base_model
    found = {"pooler_output": base(**inputs).pooler_output}
    if hasattr(model, "get_audio_features"):
        found["audio_embeds"] = model.get_audio_features(**inputs)
    if hasattr(model, "classifier"):
        return found  # a new head is drawn at random
    output = model(inputs["input_features"])
    for name in ("loss", "last_hidden_state"):
        if getattr(output, name, None) is not None:
            found[name] = getattr(output, name)
    return found


def main(jobs: Path, output: Path) -> None:
    sys.meta_path.insert(0, Hide())
    import numpy as np

    try:
        import hf_auscult  # noqa: F401
    except ModuleNotFoundError:
        pass
    else:
        raise AssertionError("the package is still importable")
    for job in json.loads(jobs.read_text()):
        try:
            np.savez(output / f"{job['name']}.npz", **answers(job))
        except Exception:
            (output / f"{job['name']}.txt").write_text(traceback.format_exc())


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
