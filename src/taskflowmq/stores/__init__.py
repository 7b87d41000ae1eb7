"""The two first-class engines. They know ports and core, never each other."""
