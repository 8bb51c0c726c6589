"""Evaluation: tasks as data, probes on frozen features, benchmarks, zero-shot and explanations."""
