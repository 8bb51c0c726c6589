"""The retrieval_recall Space."""
