"""What stands before the framework: connections, limits, keys, bodies, and the answer when one of them says no."""
