-- Deletes acts that are older than the audit is kept, and returns how many.
WITH gone AS (
  DELETE FROM taskflow.audit WHERE id = ANY(ARRAY(
    SELECT a.id FROM taskflow.audit a
    WHERE a.at <= (SELECT coalesce($1::timestamptz, clock_timestamp())) - $2::bigint * interval '1 millisecond'
    ORDER BY a.at LIMIT $3::integer))
  RETURNING 1
)
SELECT count(*) FROM gone
