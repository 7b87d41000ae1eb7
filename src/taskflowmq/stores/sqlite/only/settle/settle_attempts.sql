-- Records the attempts that did not complete.
INSERT INTO taskflow_attempt (job_id, lease_no, round, attempt, ended, worker_id, started_at, finished_at, error)
SELECT r.job_id, r.lease_no, r.round, r.attempt, json_extract(x.value, '$[4]'), r.worker_id, r.started_at, :now,
       json_extract(x.value, '$[11]')
FROM json_each(:rows) AS x
CROSS JOIN taskflow_running AS r ON r.job_id = substr(:ids, 16 * x.key + 1, 16)
WHERE json_extract(x.value, '$[4]') IS NOT NULL
ON CONFLICT (job_id, lease_no) DO NOTHING
