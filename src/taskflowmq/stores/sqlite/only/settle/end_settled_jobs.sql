-- Writes the outcomes of jobs that ended. Fences were checked by read_settlements in this transaction.
-- include: end_job
SELECT r.job_id, json_extract(x.value, '$[1]'), json_extract(x.value, '$[2]'), r.worker_id, r.started_at, :now,
       json_extract(x.value, '$[5]'), json_extract(x.value, '$[6]'), json_extract(x.value, '$[7]'),
       json_extract(x.value, '$[8]'), r.lease_no, json_extract(x.value, '$[9]'), json_extract(x.value, '$[10]'),
       json_extract(x.value, '$[11]'), r.progress, json_extract(x.value, '$[12]')
FROM json_each(:rows) AS x
CROSS JOIN taskflow_running AS r ON r.job_id = substr(:ids, 16 * x.key + 1, 16)
WHERE json_extract(x.value, '$[1]') IN ('completed', 'cancelled', 'dead')
