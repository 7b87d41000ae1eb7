-- One stretch of ended jobs that can be past retention (a job ends after its id was made): those that completed and
-- are, how many were read, and the last of them.
SELECT json_group_array(hex(job_id)) FILTER (WHERE state = :state AND finished_at <= :until), count(*), max(job_id)
FROM (
  SELECT job_id, state, finished_at FROM taskflow_outcome
  WHERE job_id > :after AND job_id < :before
  ORDER BY job_id
  LIMIT :limit
)
