"""Version 1 of the REST API: its routes; the shapes of requests and responses are in ``wire/``."""
