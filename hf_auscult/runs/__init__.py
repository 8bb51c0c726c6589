"""A run: one YAML file in; an aligned model, the checks it is judged by, plots and a card out.

The only package that imports all the others.
"""
