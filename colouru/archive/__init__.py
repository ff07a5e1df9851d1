"""Whole archives: many photos into a folder of pictures, with a manifest of what was done; here, or on a cluster."""
