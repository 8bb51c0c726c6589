"""MMLung: breaths, vowels, coughs and speech into a smartphone, with spirometry of the same person."""
