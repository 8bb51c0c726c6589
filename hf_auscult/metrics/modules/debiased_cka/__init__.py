"""The debiased_cka Space."""
