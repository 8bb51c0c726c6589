"""ICBHI 2017: lung sounds of children and adults, with respiratory cycles, diagnosis and the challenge's split."""
