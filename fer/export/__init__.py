"""Results out of the project: one schema, and its writers."""
