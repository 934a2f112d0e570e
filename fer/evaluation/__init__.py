"""Evaluation on plain arrays: metrics, calibration, the protocol. Imports no framework."""
