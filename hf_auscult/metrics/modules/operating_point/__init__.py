"""The operating_point Space."""
