"""A seeded simulation of the whole engine."""
