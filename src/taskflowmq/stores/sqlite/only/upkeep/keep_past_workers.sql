-- Keeps where workers ran that ended more than a day ago and hold nothing: their rows are deleted next.
INSERT INTO taskflow_past_worker (id, host, pid, ended_at)
SELECT id, host, pid, ended_at FROM taskflow_worker
WHERE ended_at <= :since AND id NOT IN (SELECT worker_id FROM taskflow_running)
ON CONFLICT (id) DO NOTHING
