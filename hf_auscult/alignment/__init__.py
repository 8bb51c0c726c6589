"""Encoder + reports -> AcuLa: frozen teachers, alignment objectives, maps for retrieval."""
