"""Yaseen et al. 2018 ("Korean"): heart sounds of five classes, three cycles each, gathered from teaching material."""
