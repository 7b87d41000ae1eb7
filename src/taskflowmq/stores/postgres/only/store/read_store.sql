-- Reads the version of the schema and the oldest client that it still serves.
SELECT schema_version, min_client FROM taskflow.store WHERE id = 1
