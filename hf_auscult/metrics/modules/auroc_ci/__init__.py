"""The auroc_ci Space."""
