"""TaskFlow inside web frameworks: thin users of the public API, one module for each framework."""
