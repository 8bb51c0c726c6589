"""SPRSound (BioCAS challenges 2022 to 2025): lung sounds of children, with record and event annotations."""
