-- Ends workers whose lease is over by the clock of the store, and returns them.
-- A worker in the middle of a claim is left for the next sweep. With $3, only if a rescuer's turn is at most that old and no
-- grace is in force. A turn and the grace that it sets are one transaction, so a newer turn is never seen without its grace.
WITH n AS MATERIALIZED (SELECT coalesce($1::timestamptz, clock_timestamp()) AS now),
may AS MATERIALIZED (
  SELECT $3::bigint IS NULL OR (
    EXISTS (SELECT FROM taskflow.duty d WHERE d.name = 'rescuer'
              AND d.ran_at BETWEEN n.now - $3::bigint * interval '1 millisecond'
                               AND n.now + $3::bigint * interval '1 millisecond')
    AND NOT EXISTS (SELECT FROM taskflow.duty g WHERE g.name = 'grace' AND g.grace_until > n.now)) AS may
  FROM n
),
late AS MATERIALIZED (
  SELECT id FROM taskflow.worker
  WHERE ended_at IS NULL AND lease_until <= (SELECT now FROM n) AND (SELECT may FROM may)
  ORDER BY id LIMIT $2::integer FOR UPDATE SKIP LOCKED
)
UPDATE taskflow.worker SET ended_at = (SELECT now FROM n)
WHERE id = ANY(ARRAY(SELECT id FROM late)) AND ended_at IS NULL AND lease_until <= (SELECT now FROM n)
RETURNING id
