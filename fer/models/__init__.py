"""Model folders: where they are, their cards, and proof that the weights are whole."""
