-- Lists a job's attempts that are kept, oldest first: of those that failed, crashed or snoozed the first ones and the last,
-- and the one that runs or completed. At claim 0: how many others there were. With where each ran, and when the job was due first.
WITH j AS MATERIALIZED (
  SELECT j.id, greatest(j.created_at, j.run_at) AS due_at FROM taskflow.job j JOIN taskflow.tenant t ON t.id = j.tenant_id
  WHERE j.id = $2::uuid AND j.deleted_at IS NULL AND t.name = $1::text
),
tried AS MATERIALIZED (
  SELECT a.round, a.attempt, a.lease_no, a.worker_id, a.started_at, a.finished_at, a.ended AS outcome,
         convert_to(a.error::text, 'UTF8') AS error
  FROM taskflow.attempt a WHERE a.job_id = (SELECT id FROM j) AND a.lease_no <= 10
  UNION ALL
  (SELECT a.round, a.attempt, a.lease_no, a.worker_id, a.started_at, a.finished_at, a.ended, convert_to(a.error::text, 'UTF8')
   FROM taskflow.attempt a WHERE a.job_id = (SELECT id FROM j) AND a.lease_no > 10
   ORDER BY a.lease_no DESC LIMIT 90)
  UNION ALL
  SELECT r.round, r.attempt, r.lease_no, r.worker_id, r.started_at, NULL, 'running', NULL
  FROM taskflow.running r WHERE r.job_id = (SELECT id FROM j)
  UNION ALL
  SELECT o.round, o.attempt, o.lease_no, o.worker_id, o.started_at, o.finished_at, o.state, convert_to(o.error::text, 'UTF8')
  FROM taskflow.outcome o
  WHERE o.job_id = (SELECT id FROM j) AND o.started_at IS NOT NULL
    AND NOT EXISTS (SELECT FROM taskflow.attempt a WHERE a.job_id = o.job_id AND a.lease_no = o.lease_no)
)
SELECT a.round, a.attempt, a.lease_no, a.worker_id, w.host, w.pid, a.started_at, a.finished_at, a.outcome, a.error,
       (SELECT due_at FROM j) AS due_at
FROM tried a
LEFT JOIN LATERAL (
  SELECT w.host, w.pid FROM taskflow.worker w WHERE w.id = a.worker_id
  UNION ALL
  SELECT p.host, p.pid FROM taskflow.past_worker p WHERE p.id = a.worker_id
  LIMIT 1
) w ON true
ORDER BY a.lease_no
