-- Tells where jobs of a tenant are: ready, waiting (and why), running, a final state, or nowhere; and in which lane.
SELECT j.id AS job_id, p.state, u.name AS queue, l.priority, l.share, j.lane_id
FROM unnest($2::uuid[]) AS x (id)
CROSS JOIN LATERAL (
  SELECT j.id, j.lane_id, j.tenant_id FROM taskflow.job j WHERE j.id = x.id AND j.deleted_at IS NULL OFFSET 0) j
CROSS JOIN LATERAL (
  SELECT CASE WHEN EXISTS (SELECT FROM taskflow.ready r WHERE r.job_id = j.id) THEN 'pending'
              WHEN EXISTS (SELECT FROM taskflow.running r WHERE r.job_id = j.id) THEN 'running'
              ELSE coalesce((SELECT w.why FROM taskflow.waiting w WHERE w.job_id = j.id),
                            (SELECT o.state FROM taskflow.outcome o WHERE o.job_id = j.id)) END AS state OFFSET 0) p
JOIN taskflow.tenant t ON t.id = j.tenant_id AND t.name = $1::text
JOIN taskflow.lane l ON l.id = j.lane_id
JOIN taskflow.queue u ON u.id = l.queue_id
