-- Writes the new time of waiting jobs that were never claimed into their rows.
UPDATE taskflow_job SET run_at = :due
WHERE id IN (SELECT w.job_id FROM json_each(:rows) AS x
             CROSS JOIN taskflow_waiting AS w ON w.job_id = substr(:ids, 16 * x.key + 1, 16) AND w.lease_no = 0)
