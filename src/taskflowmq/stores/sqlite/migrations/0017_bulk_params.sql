-- What a bulk operation needs beside its jobs: {"run_at": ...} of a reschedule. Programs of the version before store none.
ALTER TABLE taskflow_bulk ADD COLUMN params TEXT;
