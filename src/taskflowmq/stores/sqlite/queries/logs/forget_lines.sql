-- Deletes the lines of attempts that are not kept any longer, as bound_attempts() deletes them.
DELETE FROM taskflow_job_log WHERE job_id = :job_id AND lease_no > 10 AND lease_no <= :lease_no - 90
