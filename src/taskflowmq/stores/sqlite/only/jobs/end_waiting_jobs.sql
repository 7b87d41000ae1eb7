-- Writes the outcomes of waiting jobs that are cancelled.
-- include: cancel_unstarted
CROSS JOIN taskflow_waiting ON job_id = substr(:ids, 16 * x.key + 1, 16)
