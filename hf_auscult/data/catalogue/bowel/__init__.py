"""Bowel sounds of Ficek et al.: two-second pieces of abdominal recordings, with every sound's start and end."""
