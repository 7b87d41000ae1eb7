"""How jobs reach the worker: claims, wake-ups, and claims whose answer was lost."""
