"""Classes and reports found without a trained head: sentences, AcuLa's pipeline, retrieval both ways."""
