"""Finding faces: detectors, and searches for pictures and streams."""
