-- Write the outcomes of jobs that completed and whose fence fits. A result that is not JSON is left out.
INSERT INTO taskflow_outcome (job_id, state, worker_id, started_at, finished_at, round, attempt, crashes, losses,
                              lease_no, result, result_error)
SELECT r.job_id, 'completed', r.worker_id, r.started_at, :now, r.round, r.attempt, r.crashes, r.losses, r.lease_no,
       json_extract(x.value, '$[1]'), json_extract(x.value, '$[2]')
FROM json_each(:rows) AS x
CROSS JOIN taskflow_running AS r ON r.job_id = substr(:ids, 16 * x.key + 1, 16)
WHERE r.lease_no = json_extract(x.value, '$[0]')
