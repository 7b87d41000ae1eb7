-- Reads one worker, with how many jobs it runs.
SELECT w.id, w.supervisor, w.host, w.pid, w.version, w.started_at, w.lease_until, w.ended_at, w.info,
       (SELECT count(*) FROM taskflow_running AS r WHERE r.worker_id = w.id),
       w.load, w.load_at, w.command, w.command_at, w.command_by,
       (SELECT e.name FROM taskflow_release AS e WHERE e.id = w.release_id)
FROM taskflow_worker AS w
WHERE w.id = :id
