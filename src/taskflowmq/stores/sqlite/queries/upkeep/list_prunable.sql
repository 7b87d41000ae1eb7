-- One stretch of cancelled or dead jobs that can be past retention (a job ends after its id was made):
-- those that are, how many were read, and the last of them.
SELECT json_group_array(hex(job_id)) FILTER (WHERE finished_at <= :until), count(*), max(job_id)
FROM (
  SELECT job_id, finished_at FROM taskflow_outcome
  WHERE state <> 'completed' AND state = :state AND job_id > :after AND job_id < :before
  ORDER BY job_id
  LIMIT :limit
)
