"""The icbhi_score Space."""
