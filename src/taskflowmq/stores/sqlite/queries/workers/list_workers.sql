-- Lists living workers and those that ended in the last hour (since :since), with how many jobs each runs.
SELECT w.id, w.supervisor, w.host, w.pid, w.version, w.started_at, w.lease_until, w.ended_at, w.info, coalesce(r.jobs, 0),
       w.load, w.load_at, w.command, w.command_at, w.command_by,
       (SELECT e.name FROM taskflow_release AS e WHERE e.id = w.release_id)
FROM taskflow_worker AS w
LEFT JOIN (SELECT worker_id, count(*) AS jobs FROM taskflow_running GROUP BY worker_id) AS r ON r.worker_id = w.id
WHERE w.ended_at IS NULL OR w.ended_at >= :since
ORDER BY w.started_at, w.id
