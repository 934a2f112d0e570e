"""Valence and arousal learned from data that has them: on a fixed network, or with its classes.

Importing this package imports no framework.
"""
