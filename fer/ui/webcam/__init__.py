"""The webcam page."""
