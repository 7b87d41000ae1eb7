"""The shapes that go over the wire, one definition each for REST and the command line.

Requests refuse unknown fields; responses are separate, so nothing that a reader sees can be written by accident (S11).
Durations are seconds, times RFC 3339 in UTC.
"""
