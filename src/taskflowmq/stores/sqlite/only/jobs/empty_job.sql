-- Empties the row of a deleted job. The bare id stays for a day, so that a repeated enqueue is still a no-op.
UPDATE taskflow_job SET deleted_at = :now, args = '{}', unique_key = NULL, tags = NULL
-- include: job_fields.emptied
WHERE id = :job_id
