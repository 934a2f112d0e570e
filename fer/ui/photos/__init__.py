"""The photos page."""
