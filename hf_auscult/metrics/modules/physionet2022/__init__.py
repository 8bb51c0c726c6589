"""The physionet2022 Space."""
