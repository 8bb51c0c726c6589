"""The report_retrieval Space."""
