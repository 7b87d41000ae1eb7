-- Lists living workers and those that ended in the last hour, with how many jobs each runs.
SELECT
-- include: worker_columns
FROM taskflow.worker w
CROSS JOIN (SELECT coalesce($1::timestamptz, clock_timestamp()) AS now OFFSET 0) n
WHERE w.ended_at IS NULL OR w.ended_at > n.now - interval '1 hour'
ORDER BY w.started_at, w.id
