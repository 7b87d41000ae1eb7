-- Reads what the store holds of fences that matched no row: the job's state, the lease_no at its place, how the attempt ended.
SELECT x.job_id, x.lease_no, coalesce(p.state, o.state) AS state, coalesce(p.lease_no, o.lease_no) AS place_lease, a.ended
FROM unnest($1::uuid[], $2::integer[]) AS x (job_id, lease_no)
LEFT JOIN LATERAL (SELECT o.lease_no, o.state FROM taskflow.outcome o WHERE o.job_id = x.job_id OFFSET 0) o ON true
LEFT JOIN LATERAL (
  SELECT a.ended FROM taskflow.attempt a WHERE a.job_id = x.job_id AND a.lease_no = x.lease_no OFFSET 0) a ON true
LEFT JOIN LATERAL (
  SELECT r.lease_no, 'pending' AS state FROM taskflow.ready r WHERE r.job_id = x.job_id
  UNION ALL SELECT w.lease_no, w.why FROM taskflow.waiting w WHERE w.job_id = x.job_id
  UNION ALL SELECT r.lease_no, 'running' FROM taskflow.running r WHERE r.job_id = x.job_id
  LIMIT 1) p ON true
