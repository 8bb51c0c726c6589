"""NoseMic: breathing recorded near the nose, with the respiratory rate."""
