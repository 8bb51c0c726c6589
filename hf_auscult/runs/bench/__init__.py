"""Benchmark runs: data, models, probes and judgement put together."""
