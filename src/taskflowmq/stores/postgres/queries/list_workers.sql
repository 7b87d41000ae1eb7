-- Lists living workers and those that ended in the last hour, with how many jobs each runs.
SELECT w.id, w.supervisor, w.host, w.pid, w.version, w.started_at, w.lease_until, w.ended_at,
       convert_to(w.info::text, 'UTF8') AS info,
       (SELECT count(*) FROM taskflow.running r WHERE r.worker_id = w.id)::integer AS running
FROM taskflow.worker w
WHERE w.ended_at IS NULL OR w.ended_at > (SELECT coalesce($1::timestamptz, clock_timestamp())) - interval '1 hour'
ORDER BY w.started_at, w.id
