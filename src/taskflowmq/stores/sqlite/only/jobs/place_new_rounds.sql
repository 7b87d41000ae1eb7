-- Makes dead jobs ready in a new round, in their order; their fences continue, their attempts stay.
-- include: arrive
SELECT j.lane_id, :first + x.key, j.id, j.task_id, :now, CASE WHEN j.expires_at > :now THEN j.expires_at END, o.round + 1, 0, 0, 0,
       o.lease_no, 0
FROM json_each(:rows) AS x
CROSS JOIN taskflow_outcome AS o ON o.job_id = substr(:ids, 16 * x.key + 1, 16) AND o.state = 'dead'
CROSS JOIN taskflow_job AS j ON j.id = o.job_id
