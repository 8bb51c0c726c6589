"""Body-sound AI for the Hugging Face ecosystem."""
