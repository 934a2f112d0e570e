"""Following faces over time: association, identity, smoothing."""
