-- Finds the newest ended job behind those that are kept by their number.
SELECT job_id FROM taskflow.outcome ORDER BY job_id DESC LIMIT 1 OFFSET $1::bigint
