"""The patient_auroc Space."""
