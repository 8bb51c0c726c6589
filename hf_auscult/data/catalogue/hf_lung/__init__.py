"""HF_Lung_V1 (and its increment V1_IP): lung sounds of 15 s with breath phases and adventitious sounds as events."""
