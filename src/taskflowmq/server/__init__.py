"""The REST API: routes call the client and read models, never SQL. A 2xx means committed (I1)."""
