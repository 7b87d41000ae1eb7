"""A body process that closes its pipe at its first job: ``python closes_its_pipe.py FD READY-FRAME``.

It has started a process, which ends with its group only, and ends itself when it is told to by the end of its input.
"""

import os
import signal
import sys

fd = int(sys.argv[1])
if not os.fork():
    os.close(fd)
    signal.pause()
os.write(fd, bytes.fromhex(sys.argv[2]))
os.read(fd, 1)
os.close(fd)
sys.stdin.read()
os._exit(7)
