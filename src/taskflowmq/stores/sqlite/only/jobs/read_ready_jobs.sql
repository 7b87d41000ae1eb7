-- Reads what ready jobs take along into another lane: [[number, task, expires_at, round, attempt, crashes, losses, lease_no, flags], ...].
SELECT json_group_array(json_array(x.key, r.task_id, r.expires_at, r.round, r.attempt, r.crashes, r.losses, r.lease_no, r.flags))
FROM json_each(:rows) AS x
CROSS JOIN taskflow_ready AS r ON r.job_id = substr(:ids, 16 * x.key + 1, 16)
