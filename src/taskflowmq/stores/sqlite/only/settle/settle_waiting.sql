-- Puts jobs that are retried later into waiting.
INSERT INTO taskflow_waiting (job_id, why, due_at, round, attempt, crashes, losses, lease_no, flags)
SELECT r.job_id, json_extract(x.value, '$[1]'), json_extract(x.value, '$[3]'), json_extract(x.value, '$[5]'),
       json_extract(x.value, '$[6]'), json_extract(x.value, '$[7]'), json_extract(x.value, '$[8]'), r.lease_no, r.flags
FROM json_each(:rows) AS x
CROSS JOIN taskflow_running AS r ON r.job_id = substr(:ids, 16 * x.key + 1, 16)
WHERE json_extract(x.value, '$[1]') IN ('retrying', 'scheduled')
