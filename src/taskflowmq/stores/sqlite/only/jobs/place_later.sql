-- Puts ready jobs into waiting until a time.
INSERT INTO taskflow_waiting (job_id, why, due_at, round, attempt, crashes, losses, lease_no, flags)
SELECT r.job_id, 'scheduled', :due, r.round, r.attempt, r.crashes, r.losses, r.lease_no, r.flags
FROM json_each(:rows) AS x
CROSS JOIN taskflow_ready AS r ON r.job_id = substr(:ids, 16 * x.key + 1, 16)
