"""An encoder of somebody else's, outside the package: all that a laboratory writes to bring its own."""
