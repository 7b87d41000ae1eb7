-- Finds the newest ended job beyond the number to keep.
SELECT job_id FROM taskflow.outcome ORDER BY job_id DESC LIMIT 1 OFFSET $1::bigint
