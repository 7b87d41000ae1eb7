-- Lists living workers and those that ended in the last hour, with how many jobs each runs.
SELECT w.id, w.supervisor, w.host, w.pid, w.version, w.started_at, w.lease_until, w.ended_at,
       convert_to(w.info::text, 'UTF8') AS info,
       (SELECT count(*) FROM taskflow.running r WHERE r.worker_id = w.id)::integer AS running,
       w.lease_until <= n.now AS lease_over
FROM taskflow.worker w
CROSS JOIN (SELECT coalesce($1::timestamptz, clock_timestamp()) AS now OFFSET 0) n
WHERE w.ended_at IS NULL OR w.ended_at > n.now - interval '1 hour'
ORDER BY w.started_at, w.id
