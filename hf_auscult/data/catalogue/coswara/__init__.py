"""Coswara: nine recordings each of breath, cough and voice, crowdsourced, with health status and quality labels."""
