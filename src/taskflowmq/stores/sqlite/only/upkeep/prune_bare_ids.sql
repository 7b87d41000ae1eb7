-- Deletes the bare ids of jobs that were deleted more than a day ago.
DELETE FROM taskflow_job
WHERE id IN (SELECT id FROM taskflow_job WHERE deleted_at <= :since ORDER BY deleted_at LIMIT :limit)
