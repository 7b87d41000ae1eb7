-- Writes the outcomes of jobs that are cancelled before they started; the table that they are in is joined by "job_id".
-- begin
-- include: end_job
SELECT job_id, 'cancelled', :reason, NULL, NULL, :now, round, attempt, crashes, losses, lease_no, NULL, NULL, NULL, NULL, NULL
FROM json_each(:rows) AS x
-- end
CROSS JOIN taskflow_waiting ON job_id = substr(:ids, 16 * x.key + 1, 16)
