"""The ece Space."""
