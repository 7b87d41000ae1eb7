-- Reads one worker, with how many jobs it runs.
SELECT
-- include: worker_columns
FROM taskflow.worker w
CROSS JOIN (SELECT coalesce($1::timestamptz, clock_timestamp()) AS now OFFSET 0) n
WHERE w.id = $2::uuid
