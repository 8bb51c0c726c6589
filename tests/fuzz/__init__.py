"""Attacks by chance: mutated recordings and tables, and runs that are killed (`make fuzz MINUTES=…`)."""
