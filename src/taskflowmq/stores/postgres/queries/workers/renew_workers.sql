-- Renews the leases of workers that have not been ended, stores their loads, and returns them with what they shall do.
WITH n AS MATERIALIZED (SELECT coalesce($1::timestamptz, clock_timestamp()) AS now)
UPDATE taskflow.worker AS w
SET lease_until = (SELECT now FROM n) + $3::bigint * interval '1 millisecond',
    load = coalesce(($4::text[])[array_position($2::uuid[], w.id)]::json, w.load),
    load_at = CASE WHEN ($4::text[])[array_position($2::uuid[], w.id)] IS NULL THEN w.load_at ELSE (SELECT now FROM n) END
WHERE w.id = ANY($2::uuid[]) AND w.ended_at IS NULL
RETURNING w.id, w.command
