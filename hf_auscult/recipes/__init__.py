"""Recipes: one YAML file in, everything out."""
