"""Self-contained code of models and extractors, for `trust_remote_code=True`."""
