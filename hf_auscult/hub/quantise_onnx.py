"""int8 for encoders on the CPU, with what it costs and gains measured."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..embedding.onnx_files import open_session, quiet, run, seconds


@dataclass(frozen=True)
class Int8Report:
    """What dynamic quantisation of the linear layers costs and gains, against the float32 file.

    Args:
        file: its name.
        quantised: how many matrix products became int8; 0 where the encoder has convolutions only.
        minimum_cosine, mean_cosine: of `pooler_output`, over eight synthetic windows.
        speed_ratio: float32 seconds over int8 seconds, each the best of five passes in turn.
        size_ratio: int8 bytes over float32 bytes.
    """

    file: str
    quantised: int
    minimum_cosine: float
    mean_cosine: float
    speed_ratio: float
    size_ratio: float


def quantise(source: Path, windows: np.ndarray) -> Int8Report:
    """Write `<stem>_int8.onnx` beside an exported file and compare the two on windows."""
    import onnx
    from onnxruntime.quantization import QuantType, quantize_dynamic

    target = source.with_name(f"{source.stem}_int8.onnx")
    with quiet():
        # Linear layers only: dynamic int8 convolutions ran at 0.87 of the float speed (PANNs CNN14, onnxruntime 1.31).
        quantize_dynamic(
            source,
            target,
            op_types_to_quantize=["MatMul"],
            weight_type=QuantType.QInt8,
            per_channel=True,
            use_external_data_format=source.with_name(f"{source.name}.data").exists(),
        )
    graph = onnx.load(str(target), load_external_data=False).graph
    sessions = [open_session(source), open_session(target)]
    a, b = (run(session, windows)[0].astype(np.float64) for session in sessions)
    cosine = (a * b).sum(axis=1) / (np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1))
    before, after = seconds(sessions, windows)
    sizes = [sum(part.stat().st_size for part in path.parent.glob(f"{path.name}*")) for path in (source, target)]
    return Int8Report(
        file=target.name,
        quantised=sum(node.op_type in ("MatMulInteger", "DynamicQuantizeMatMul") for node in graph.node),
        minimum_cosine=float(cosine.min()),
        mean_cosine=float(cosine.mean()),
        speed_ratio=before / after,
        size_ratio=sizes[1] / sizes[0],
    )


__all__ = ["Int8Report", "quantise"]
