-- The schema's version and the oldest client that may use it.
SELECT schema_version, min_client FROM taskflow_store WHERE id = 1
