-- Writes the outcomes of ready jobs that are cancelled.
-- include: cancel_unstarted
CROSS JOIN taskflow_ready ON job_id = substr(:ids, 16 * x.key + 1, 16)
