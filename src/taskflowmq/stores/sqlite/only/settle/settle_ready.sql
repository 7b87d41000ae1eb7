-- Makes jobs that are handed back ready again, each at a new position.
-- include: arrive
SELECT j.lane_id, :first + x.key, r.job_id, j.task_id, :now, j.expires_at, json_extract(x.value, '$[5]'),
       json_extract(x.value, '$[6]'), json_extract(x.value, '$[7]'), json_extract(x.value, '$[8]'), r.lease_no, r.flags
FROM json_each(:rows) AS x
CROSS JOIN taskflow_running AS r ON r.job_id = substr(:ids, 16 * x.key + 1, 16)
CROSS JOIN taskflow_job AS j ON j.id = r.job_id
WHERE json_extract(x.value, '$[1]') = 'pending'
