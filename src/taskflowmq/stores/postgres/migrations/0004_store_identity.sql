-- Tells one store from another, so that a connection to the wrong database is refused (see only/enqueue_on.sql).
ALTER TABLE taskflow.store ADD COLUMN identity uuid NOT NULL DEFAULT gen_random_uuid();

UPDATE taskflow.store SET schema_version = 4;
