"""What several model families share; the code that a saved folder carries takes along what its family needs."""
