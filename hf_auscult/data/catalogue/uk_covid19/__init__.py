"""UK COVID-19 Vocal Audio Dataset, open access edition: coughs and exhalations with PCR-referenced results."""
