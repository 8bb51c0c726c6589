"""The f1_per_class Space."""
