"""Registration with transformers, ONNX, cards and publishing."""
