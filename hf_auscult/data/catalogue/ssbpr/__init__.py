"""SSBPR: snoring of sleep apnoea patients, with the position in which they lie."""
