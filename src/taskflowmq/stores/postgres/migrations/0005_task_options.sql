-- What is announced with a task beside its schema: queue, priority, attempts, timeout, unique. NULL: by an older program.
ALTER TABLE taskflow.task ADD COLUMN options json;

UPDATE taskflow.store SET schema_version = 5;
