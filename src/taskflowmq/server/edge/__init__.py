"""The code before the framework: connections, limits, keys, bodies, and the answer when one of them refuses."""
