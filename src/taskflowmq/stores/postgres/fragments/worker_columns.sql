-- What a reader sees of a worker "w"; "n" has the time.
SELECT
-- begin
w.id, w.supervisor, w.host, w.pid, w.version, w.started_at, w.lease_until, w.ended_at, convert_to(w.info::text, 'UTF8') AS info,
(SELECT count(*) FROM taskflow.running r WHERE r.worker_id = w.id)::integer AS running, w.lease_until <= n.now AS lease_over,
convert_to(w.load::text, 'UTF8') AS load, w.load_at, w.command, w.command_at, w.command_by,
(SELECT e.name FROM taskflow.release e WHERE e.id = w.release_id) AS release
-- end
FROM taskflow.worker w CROSS JOIN (SELECT NULL::timestamptz AS now) n
