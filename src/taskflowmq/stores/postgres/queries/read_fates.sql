-- What the store knows of fences that matched no row: the caller decides between a replay and a stale write.
SELECT x.job_id, x.lease_no, o.lease_no AS outcome_lease, o.state AS outcome_state, a.ended, p.lease_no AS place_lease,
       p.running AS running
FROM unnest($1::uuid[], $2::integer[]) AS x (job_id, lease_no)
LEFT JOIN LATERAL (SELECT o.lease_no, o.state FROM taskflow.outcome o WHERE o.job_id = x.job_id OFFSET 0) o ON true
LEFT JOIN LATERAL (
  SELECT a.ended FROM taskflow.attempt a WHERE a.job_id = x.job_id AND a.lease_no = x.lease_no OFFSET 0) a ON true
LEFT JOIN LATERAL (
  SELECT r.lease_no, false AS running FROM taskflow.ready r WHERE r.job_id = x.job_id
  UNION ALL SELECT w.lease_no, false FROM taskflow.waiting w WHERE w.job_id = x.job_id
  UNION ALL SELECT r.lease_no, true FROM taskflow.running r WHERE r.job_id = x.job_id
  LIMIT 1) p ON true
