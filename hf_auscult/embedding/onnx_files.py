"""ONNX files: writing them from torch, opening, running and timing them on the CPU."""

from __future__ import annotations

import io
import logging
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.nn.utils import rnn

from ..errors import ConversionError
from ..models.shared.base import as_encoder

LIBRARIES = ("onnx", "onnxruntime", "onnxscript")
INPUT, OUTPUTS = "input_features", ("pooler_output", "last_hidden_state")
SINGLE_FILE = 1_900_000_000  # bytes; protobuf ends at 2 GiB, larger weights go to a second file


class OnnxEncoder(torch.nn.Module):
    """The two tensors of an encoder that leave an ONNX file."""

    def __init__(self, encoder: Any) -> None:
        super().__init__()
        self.encoder = encoder

    def forward(self, input_features: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Encode (windows, …), each as one window: rows are not cut in the file."""
        out = as_encoder(self.encoder).encode(input_features)
        return out.pooler_output, out.last_hidden_state


@torch.no_grad()
def write(network: torch.nn.Module, windows: torch.Tensor, path: Path, opset: int) -> str:
    """Write a network of one input and two outputs, with a free batch where torch can export that.

    Networks whose sizes follow from the values of a tensor (Qwen's encoder splits its frames by a tensor of lengths)
    are traced with one window instead: their file takes one window at a time.

    Args:
        network: maps (windows, …) to `OUTPUTS`.
        windows: at least two examples.
        path: of the file.
        opset: of the file.

    Returns:
        `torch.export`, or `trace` for files of one window.

    Raises:
        ConversionError: neither way works.
    """
    names: dict[str, Any] = {"input_names": [INPUT], "output_names": list(OUTPUTS), "opset_version": opset}
    size = sum(value.numel() * value.element_size() for value in network.state_dict().values())
    shapes = {INPUT: {0: "batch"}}
    try:
        with quiet():
            torch.onnx.export(
                network,
                (windows[:2],),
                str(path),
                dynamo=True,
                dynamic_shapes=shapes,
                external_data=size > SINGLE_FILE,
                verbose=False,
                **names,
            )
        return "torch.export"
    except Exception as error:  # torch reports through many types; the first reason is kept
        first = error
    try:
        with quiet(), _plain_padding():
            torch.onnx.export(network, (windows[:1],), str(path), dynamo=False, **names)
        return "trace"
    except Exception as error:
        reason = (str(first.__cause__ or first).splitlines() or ["no reason given"])[0][:300]
        raise ConversionError(
            f"cannot be exported to ONNX ({type(first).__name__}: {reason})", where=path.name
        ) from error


@contextmanager
def _plain_padding() -> Iterator[None]:
    """Have `pad_sequence`, which ONNX does not know, made of operations that it knows."""

    def pad_sequence(
        sequences: Any, batch_first: bool = False, padding_value: float = 0.0, padding_side: str = "right"
    ) -> torch.Tensor:
        longest = max(sequence.shape[0] for sequence in sequences)
        rows = []
        for sequence in sequences:
            ends = [0, longest - sequence.shape[0]] if padding_side == "right" else [longest - sequence.shape[0], 0]
            rows.append(torch.nn.functional.pad(sequence, [0, 0] * (sequence.ndim - 1) + ends, value=padding_value))
        return torch.stack(rows, dim=0 if batch_first else 1)

    before = rnn.pad_sequence
    rnn.pad_sequence = pad_sequence
    try:
        yield
    finally:
        rnn.pad_sequence = before


def open_session(path: Path) -> Any:
    """Open an ONNX file with onnxruntime on the CPU, on as many threads as torch has."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def run(session: Any, windows: np.ndarray) -> list[np.ndarray]:
    """Return `OUTPUTS` of windows; files of one window run once for each."""
    size = session.get_inputs()[0].shape[0]
    step = size if isinstance(size, int) else len(windows)
    parts = [
        session.run(list(OUTPUTS), {INPUT: windows[start : start + step]}) for start in range(0, len(windows), step)
    ]
    return [np.concatenate(values) for values in zip(*parts, strict=True)]


def seconds(sessions: list[Any], windows: np.ndarray) -> list[float]:
    """Return the best of five passes over all windows of each session, in turn: other load hits all alike."""
    best = [float("inf")] * len(sessions)
    for _ in range(5):
        for index, session in enumerate(sessions):
            start = time.perf_counter()
            run(session, windows)
            best[index] = min(best[index], time.perf_counter() - start)
    return best


@contextmanager
def quiet() -> Iterator[None]:
    """Silence the exporter: it notes libraries that no encoder here uses, and prints the graphs it gives up on."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        sink = io.StringIO()
        with warnings.catch_warnings(), redirect_stdout(sink), redirect_stderr(sink):
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)


__all__ = ["INPUT", "LIBRARIES", "OUTPUTS", "OnnxEncoder", "open_session", "quiet", "run", "seconds", "write"]
