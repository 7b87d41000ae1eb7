"""Loops beside the jobs of one worker: lease, time limits, cancel requests, pauses, and what it reports of itself."""
