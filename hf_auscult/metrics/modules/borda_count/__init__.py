"""The borda_count Space."""
