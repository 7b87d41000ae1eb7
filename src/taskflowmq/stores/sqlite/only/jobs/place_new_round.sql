-- Makes a dead job ready in a new round; its fence continues, its attempts stay.
-- include: arrive
SELECT j.lane_id, :first, j.id, j.task_id, :now, CASE WHEN j.expires_at > :now THEN j.expires_at END, o.round + 1, 0, 0, 0,
       o.lease_no, 0
FROM taskflow_outcome AS o
JOIN taskflow_job AS j ON j.id = o.job_id
WHERE o.job_id = :job_id AND o.state = 'dead'
