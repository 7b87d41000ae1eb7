-- Living workers and those that ended since :since, with how many jobs each holds.
SELECT w.id, w.supervisor, w.host, w.pid, w.version, w.started_at, w.lease_until, w.ended_at, w.info,
       (SELECT count(*) FROM taskflow_running AS r WHERE r.worker_id = w.id)
FROM taskflow_worker AS w
WHERE w.ended_at IS NULL OR w.ended_at >= :since
ORDER BY w.started_at, w.id
