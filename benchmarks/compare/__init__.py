"""The comparison with other job queues: same machine, same databases, same run, taking turns."""
