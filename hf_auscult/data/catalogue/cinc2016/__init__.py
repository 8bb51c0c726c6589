"""PhysioNet/CinC Challenge 2016: normal and abnormal heart sounds from six sources."""
