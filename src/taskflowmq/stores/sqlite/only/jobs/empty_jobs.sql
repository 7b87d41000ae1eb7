-- Empties the rows of deleted jobs. The bare ids stay for a day, so that a repeated enqueue is still a no-op.
UPDATE taskflow_job SET deleted_at = :now, args = '{}', unique_key = NULL, tags = NULL
-- include: job_fields.emptied
WHERE id IN (SELECT substr(:ids, 16 * key + 1, 16) FROM json_each(:rows))
