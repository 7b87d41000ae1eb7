-- Ends workers whose lease is over, and returns them. A worker in the middle of a claim is left for the next sweep.
WITH late AS MATERIALIZED (
  SELECT id FROM taskflow.worker
  WHERE ended_at IS NULL AND lease_until <= (SELECT coalesce($1::timestamptz, clock_timestamp()))
  ORDER BY id LIMIT $2::integer FOR UPDATE SKIP LOCKED
)
UPDATE taskflow.worker SET ended_at = (SELECT coalesce($1::timestamptz, clock_timestamp()))
WHERE id = ANY(ARRAY(SELECT id FROM late)) AND ended_at IS NULL
  AND lease_until <= (SELECT coalesce($1::timestamptz, clock_timestamp()))
RETURNING id
