-- Ends workers whose lease is over, and returns them. A worker in the middle of a claim is left for the next sweep.
WITH n AS MATERIALIZED (SELECT coalesce($1::timestamptz, clock_timestamp()) AS now),
late AS MATERIALIZED (
  SELECT id FROM taskflow.worker
  WHERE ended_at IS NULL AND lease_until <= (SELECT now FROM n)
  ORDER BY id LIMIT $2::integer FOR UPDATE SKIP LOCKED
)
UPDATE taskflow.worker SET ended_at = (SELECT now FROM n)
WHERE id = ANY(ARRAY(SELECT id FROM late)) AND ended_at IS NULL AND lease_until <= (SELECT now FROM n)
RETURNING id
