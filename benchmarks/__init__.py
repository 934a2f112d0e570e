"""Timings against the usual way, in the same run; ``python -m benchmarks`` runs them all."""
