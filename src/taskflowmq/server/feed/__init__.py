"""The live feed: what open pages show, sent to them as it changes.

There is no event per job. Each server process asks the store for what its own viewers show, at most a twentieth of the
time, and for nothing while it has no viewer. A stream begins with a snapshot, so a client may open the next one at any
process.
"""
