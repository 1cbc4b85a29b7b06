"""Captioned training data, composed and rendered from a seed."""
