-- A write that changes nothing, to prove that the database can commit.
UPDATE taskflow_store SET schema_version = schema_version WHERE id = 1
