-- Deletes the lines of attempts that are not kept any longer, as bound_attempts() deletes them.
DELETE FROM taskflow.job_log l
USING unnest($1::uuid[], $2::integer[]) AS x (job_id, lease_no)
WHERE l.job_id = x.job_id AND l.lease_no > 10 AND l.lease_no <= x.lease_no - 90
