"""COUGHVID v1: crowdsourced coughs with a cough detector's score, self-reported status and three experts' opinions."""
