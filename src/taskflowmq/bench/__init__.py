"""``taskflow bench``: measures this installation on this machine, as shipped and with nothing switched off.

The worker is the real one, in its own processes; the bench talks to it through the public API only. Figures are
medians over the rounds. A temporary database or file should be given: the bench adds and prunes jobs in it.
"""
