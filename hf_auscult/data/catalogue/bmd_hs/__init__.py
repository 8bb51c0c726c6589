"""BMD-HS: heart sounds of adults with several valve diseases at once, eight recordings each."""
