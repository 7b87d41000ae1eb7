"""Loops that watch child processes from outside, and replace them."""
