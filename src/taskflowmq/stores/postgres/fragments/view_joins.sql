-- Joins to a job "j" what a reader sees of it: its names, the place that it is in ("p"), a cancel request, and the
-- error of its last attempt until it ends.
SELECT j.id FROM taskflow.job j
-- begin
-- include: job_place
JOIN taskflow.tenant t ON t.id = j.tenant_id
JOIN taskflow.task k ON k.id = j.task_id
JOIN taskflow.lane l ON l.id = j.lane_id
JOIN taskflow.queue u ON u.id = l.queue_id
LEFT JOIN LATERAL (SELECT c.at FROM taskflow.cancel_request c WHERE c.job_id = j.id OFFSET 0) c ON true
LEFT JOIN LATERAL (
  SELECT a.error FROM taskflow.attempt a
  WHERE a.job_id = j.id AND p.state NOT IN ('completed', 'cancelled', 'dead') AND a.round = p.round AND a.error IS NOT NULL
  ORDER BY a.lease_no DESC LIMIT 1
) e ON true
-- end
