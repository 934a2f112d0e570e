"""Training: recipe, augmentation, targets, the resumable run, conversion to LiteRT."""
