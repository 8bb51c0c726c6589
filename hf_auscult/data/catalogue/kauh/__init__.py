"""KAUH: lung sounds of 112 people at King Abdullah University Hospital, every take in three filter settings."""
