"""Protocols between the parts that decide and the parts that do. Their docstrings are the contract."""
