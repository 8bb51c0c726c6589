"""Listen to a body sound with an aligned model: `python app.py`. A research tool, not a medical device."""

from __future__ import annotations

import csv
import tempfile
import time
from functools import cache
from pathlib import Path
from typing import Any

import gradio as gr
import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
import torch
import yaml
from listening import HERE, NAME, calibration, direction, loaded

from hf_auscult.audio import assess, read
from hf_auscult.errors import AuscultError
from hf_auscult.evaluation.zero_shot.probabilities import ZeroShotCalibration
from hf_auscult.features.logmel import display_front_end, log_mel

LIMIT_MB = 50
LONGEST = 60.0  # seconds that are listened to: the answer stays quick, and pictures readable
NOTICE = "**For research only. Not a medical device; not for diagnosis, screening or treatment decisions.**"
SCOPE = (
    "Probabilities hold for sounds like those they were fitted on. Every sound gets both, noise and speech too: ask a "
    "heart sound about murmurs, and a lung sound about crackles."
)
WARNINGS = {
    "silent": "The recording is silent.",
    "clipping": "The recording is clipped: it was too loud for the device.",
    "dc_offset": "The recording has an offset; the device may be faulty.",
    "band_limited": "High frequencies are missing: it was recorded at a lower rate than it is stored at.",
    "mostly_silence": "Most of the recording is silence.",
}


@cache
def texts() -> tuple[list[dict[str, Any]], list[torch.Tensor], list[str], torch.Tensor]:
    """Findings, the embeddings of their classes' sentences, the example reports and theirs."""
    model = loaded()[0].model
    findings = yaml.safe_load((HERE / "findings.yaml").read_text("utf-8"))
    reports = (HERE / "reports.txt").read_text("utf-8").splitlines()
    with torch.no_grad():
        classes = [torch.stack([direction(model, words) for words in item["classes"].values()]) for item in findings]
        known = torch.nn.functional.normalize(model.encode_text(reports), dim=-1)
    return findings, classes, reports, known


def listen(path: str | None) -> tuple[Any, ...]:
    """Answer for one recording.

    Returns:
        Picture, messages, findings, nearest reports, file of the embedding.
    """
    if not path:
        raise gr.Error("Record or upload a sound first.")
    started = time.perf_counter()
    if Path(path).stat().st_size > LIMIT_MB << 20:
        raise gr.Error(f"The file is larger than {LIMIT_MB} MB.")
    try:
        sound = read(path)
        quality = assess(sound)
    except AuscultError as error:
        raise gr.Error(str(error).replace(path, Path(path).name)) from error
    if quality.silent:
        raise gr.Error("The recording is silent: there is nothing to listen to.")
    messages = [WARNINGS[flag] for flag in quality.flags]
    if sound.seconds > LONGEST:
        messages.append(f"Only the first {LONGEST:.0f} of {sound.seconds:.0f} seconds were listened to.")
    runner, fe = loaded()
    findings, classes, reports, known = texts()
    wave = read(
        {"array": sound.array[: int(LONGEST * sound.sampling_rate)], "sampling_rate": sound.sampling_rate},
        sampling_rate=fe.sampling_rate,
    ).array
    inputs = fe(wave, sampling_rate=fe.sampling_rate, return_tensors="pt")
    features = inputs["input_features"].requires_grad_()
    with runner.mode(features.device):
        output = runner.model(**{**inputs, "input_features": features})
    audio = torch.nn.functional.normalize(output.audio_embeds.float(), dim=-1)
    margins = [(audio @ rows.T)[0] for rows in classes]
    (slope,) = torch.autograd.grad(margins[0][1] - margins[0][0], features)
    heat = (slope * (features - features.mean())).clamp(min=0)[0].detach().numpy()
    lines = [_finding(item, scores.detach().numpy()) for item, scores in zip(findings, margins, strict=True)]
    order = (audio.detach() @ known.T)[0].topk(5)
    nearest = [f"{float(score):.2f} {reports[index]}" for score, index in zip(*order, strict=True)]
    seconds = inputs["window_seconds"][0].tolist()
    picture = _picture(wave, fe, seconds, heat, findings[0]["name"])
    messages.append(f"{quality.loudness_dbfs:.0f} dBFS, {len(seconds)} windows, {time.perf_counter() - started:.1f} s.")
    nearby = "\n".join(f"{rank}. {line}" for rank, line in enumerate(nearest, 1))
    vector = _embedding(output.pooler_output[0].detach().float().numpy())
    return picture, "\n\n".join(messages), "\n".join(lines), nearby, vector


def _finding(item: dict[str, Any], scores: np.ndarray) -> str:
    """A line: the finding, what is nearer, its probability where that was measured, and what limits it."""
    names = list(item["classes"])
    known = calibration().get(item["name"])
    if known is None:
        nearer = names[int(scores.argmax())]
        return f"- **{item['name']}**: nearer to “{nearer}”; no probability was measured. {item['limits']}"
    settings = {key: known[key] for key in ("offset", "prior", "temperature", "useful")}
    chance = ZeroShotCalibration(**settings).probabilities(scores[None])[0]
    rate = f"base rate {known['prior'][1]:.0%}"
    said = f"{chance[1]:.0%} {names[1]} ({rate})" if known["useful"] else f"the sound says nothing ({rate})"
    ranks = f"AUROC {known['auroc']:.2f} [{known['low']:.2f}, {known['high']:.2f}] on {known['people']['test']} people"
    fitted = f"probabilities fitted on {known['people']['validation']} others, none of them trained on"
    return f"- **{item['name']}**: {said}. {ranks}; {fitted}. {item['limits']}"


def _picture(wave: np.ndarray, fe: Any, seconds: list[float], heat: np.ndarray, finding: str) -> Any:
    """Waveform, log-mel with the windows that the model was given, and where the finding comes from."""
    spec = display_front_end(fe)
    image = log_mel(torch.from_numpy(wave)[None], spec)[0].numpy()
    length = len(wave) / fe.sampling_rate
    figure, axes = plt.subplots(3, 1, figsize=(9, 6), sharex=True, layout="constrained")
    times = np.arange(len(wave)) / fe.sampling_rate
    axes[0].plot(times, wave, linewidth=0.4)
    axes[0].set_ylabel("amplitude")
    axes[1].imshow(image.T, origin="lower", aspect="auto", extent=(0, length, 0, image.shape[1]), cmap="magma")
    axes[1].set_ylabel("mel band")
    for start in np.cumsum([0.0, *seconds])[1:-1]:
        for axis in axes:
            axis.axvline(start, color="grey", linewidth=0.8, linestyle=":")
    axes[2].imshow(
        heat.T,
        vmax=float(np.quantile(heat, 0.99)) or None,
        origin="lower",
        aspect="auto",
        extent=(0, sum(seconds), 0, heat.shape[1]),
        cmap="viridis",
    )
    axes[2].set_ylabel("mel band")
    axes[2].set_xlabel("seconds")
    axes[0].set_title("what was recorded", fontsize=10, loc="left")
    axes[1].set_title("what the model was given (dotted: its windows)", fontsize=10, loc="left")
    axes[2].set_title(f"where its “{finding}” comes from (gradient; no proof of anything)", fontsize=10, loc="left")
    axes[0].set_xlim(0, length)
    return figure


def _embedding(values: np.ndarray) -> str:
    """Write the embedding as a table that anything reads."""
    file = Path(tempfile.mkdtemp()) / "embedding.csv"
    with file.open("w", newline="", encoding="utf-8") as stream:
        csv.writer(stream).writerows([["dimension", "value"], *enumerate(values.tolist())])
    return str(file)


def page() -> gr.Blocks:
    """The page."""
    with gr.Blocks(title="Listen to body sounds", delete_cache=(600, 600)) as blocks:
        gr.Markdown(
            f"# Listen to body sounds\n{NOTICE}\n\nModel: `{NAME}`. Up to {LIMIT_MB} MB; the first "
            f"{LONGEST:.0f} seconds are listened to."
        )
        with gr.Row():
            with gr.Column(scale=1):
                sound = gr.Audio(sources=["upload", "microphone"], type="filepath", label="Body sound")
                button = gr.Button("Listen", variant="primary")
                messages = gr.Markdown(label="Quality")
                download = gr.File(label="Embedding (CSV)")
            with gr.Column(scale=2):
                picture = gr.Plot(label="Sound", show_label=False)
                gr.Markdown(f"### Findings\n{SCOPE}")
                findings = gr.Markdown()
                gr.Markdown("### Nearest example reports (cosine)")
                nearest = gr.Markdown()
        button.click(
            listen, sound, [picture, messages, findings, nearest, download], concurrency_limit=2, api_name="listen"
        )
    return blocks


demo = page()

if __name__ == "__main__":
    texts(), calibration()  # the first visitor should not wait
    demo.queue(max_size=32).launch(max_file_size=LIMIT_MB << 20)
