"""Body-sound encoders and the AcuLa aligner as transformers models, one self-contained folder a family."""
