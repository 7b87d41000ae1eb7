-- Ids of stored jobs, newest first: a window to look for a page in.
SELECT id FROM taskflow_job WHERE id < :before AND id >= :after ORDER BY id DESC LIMIT :window
