"""Reading faces: the recogniser, the classifier, and what is fitted to it."""
