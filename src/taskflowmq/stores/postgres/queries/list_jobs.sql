-- Scans ids downwards, a bounded number per place, newest first; the caller filters and says where to go on.
-- $1: places to look in ("all" means the job rows themselves), $2: below this id, $3: how many of each.
SELECT * FROM (
  SELECT 'all' AS place, j.id FROM taskflow.job j
  WHERE 'all' = ANY($1::text[]) AND j.id < $2::uuid ORDER BY j.id DESC LIMIT $3::integer) a
UNION ALL SELECT * FROM (
  SELECT 'ready', r.job_id FROM taskflow.ready r
  WHERE 'ready' = ANY($1::text[]) AND r.job_id < $2::uuid ORDER BY r.job_id DESC LIMIT $3::integer) b
UNION ALL SELECT * FROM (
  SELECT 'waiting', w.job_id FROM taskflow.waiting w
  WHERE 'waiting' = ANY($1::text[]) AND w.job_id < $2::uuid ORDER BY w.job_id DESC LIMIT $3::integer) c
UNION ALL SELECT * FROM (
  SELECT 'running', r.job_id FROM taskflow.running r
  WHERE 'running' = ANY($1::text[]) AND r.job_id < $2::uuid ORDER BY r.job_id DESC LIMIT $3::integer) d
UNION ALL SELECT * FROM (
  SELECT 'completed', o.job_id FROM taskflow.outcome o
  WHERE 'completed' = ANY($1::text[]) AND o.state = 'completed' AND o.job_id < $2::uuid
  ORDER BY o.job_id DESC LIMIT $3::integer) e
UNION ALL SELECT * FROM (
  SELECT 'cancelled', o.job_id FROM taskflow.outcome o
  WHERE 'cancelled' = ANY($1::text[]) AND o.state = 'cancelled' AND o.job_id < $2::uuid
  ORDER BY o.job_id DESC LIMIT $3::integer) f
UNION ALL SELECT * FROM (
  SELECT 'dead', o.job_id FROM taskflow.outcome o
  WHERE 'dead' = ANY($1::text[]) AND o.state = 'dead' AND o.job_id < $2::uuid
  ORDER BY o.job_id DESC LIMIT $3::integer) g
