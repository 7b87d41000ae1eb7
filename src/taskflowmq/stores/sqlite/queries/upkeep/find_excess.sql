-- The newest ended job beyond the number to keep.
SELECT job_id FROM taskflow_outcome ORDER BY job_id DESC LIMIT 1 OFFSET :keep
