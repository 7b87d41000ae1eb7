-- One stretch of ended jobs that can be past retention, where queues differ: those of one state that are and belong to
-- the lanes (or with :only 0 to none of them), how many were read, and the last of them.
SELECT json_group_array(hex(job_id)) FILTER (
         WHERE state = :state AND finished_at <= :until AND (lane_id IN (SELECT value FROM json_each(:lanes))) = :only),
       count(*), max(job_id)
FROM (
  SELECT o.job_id, o.state, o.finished_at, j.lane_id
  FROM taskflow_outcome AS o CROSS JOIN taskflow_job AS j ON j.id = o.job_id
  WHERE o.job_id > :after AND o.job_id < :before
  ORDER BY o.job_id
  LIMIT :limit
)
