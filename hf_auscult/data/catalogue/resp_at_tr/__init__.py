"""RespiratoryDatabase@TR: 12-channel lung sounds of 42 people, with the stage of their COPD."""
