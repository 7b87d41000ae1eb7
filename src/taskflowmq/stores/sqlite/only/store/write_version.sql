-- Records that a migration was applied.
UPDATE taskflow_store SET schema_version = max(schema_version, :version) WHERE id = 1
