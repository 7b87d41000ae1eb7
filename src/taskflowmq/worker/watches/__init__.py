"""Loops beside the jobs of one worker: lease, time limits, cancel requests, pauses, and its notes."""
