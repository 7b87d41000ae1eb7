-- One window of ids of stored jobs, newest first; all of them are meant.
SELECT id, 1 FROM taskflow_job WHERE id < :before AND id >= :after ORDER BY id DESC LIMIT :window
