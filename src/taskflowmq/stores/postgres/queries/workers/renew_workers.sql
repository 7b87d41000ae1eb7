-- Renews the leases of workers that have not been ended, and returns them.
UPDATE taskflow.worker
SET lease_until = (SELECT coalesce($1::timestamptz, clock_timestamp())) + $3::bigint * interval '1 millisecond'
WHERE id = ANY($2::uuid[]) AND ended_at IS NULL
RETURNING id
