"""The conformal_coverage Space."""
