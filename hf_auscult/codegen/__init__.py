"""Self-contained code of models, extractors and processors, for `trust_remote_code=True`."""
