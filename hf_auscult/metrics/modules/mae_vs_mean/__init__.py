"""The mae_vs_mean Space."""
