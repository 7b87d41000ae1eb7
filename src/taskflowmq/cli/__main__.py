"""``python -m taskflowmq.cli``: the command where the script is not on the path."""

from taskflowmq.cli import main

if __name__ == "__main__":
    main()
