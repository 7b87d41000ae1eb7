"""Version 1 of the REST API: its routes, and the shapes of their requests and responses."""
