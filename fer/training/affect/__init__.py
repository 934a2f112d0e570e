"""Valence and arousal learned from data that has them, on a published network."""
