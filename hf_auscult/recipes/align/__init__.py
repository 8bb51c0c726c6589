"""Alignment with its standing checks: an aligned model, what it is compared with, plots and a card."""
