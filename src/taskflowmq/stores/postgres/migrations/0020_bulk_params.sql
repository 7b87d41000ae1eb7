-- What a bulk operation needs beside its jobs: {"run_at": ...} of a reschedule. Programs of the version before store none.
ALTER TABLE taskflow.bulk ADD COLUMN params json;

UPDATE taskflow.store SET schema_version = 20;

-- functions: c40768cefd67b940
