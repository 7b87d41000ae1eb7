-- Stores the answer of a worker, unless the request is answered, replaced or late.
WITH n AS MATERIALIZED (SELECT coalesce($1::timestamptz, clock_timestamp()) AS now)
UPDATE taskflow.inspection AS i
SET answer = $5::json, answered_at = n.now
FROM n
WHERE i.job_id = $2::uuid AND i.kind = $3::text AND i.id = $4::uuid AND i.answered_at IS NULL AND i.until > n.now
RETURNING i.id
