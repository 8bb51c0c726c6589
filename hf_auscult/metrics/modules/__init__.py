"""evaluate modules: each folder is pushed to a Space as it is and loads with ``evaluate.load``."""
