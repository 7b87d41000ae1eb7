-- Stores the answer of a worker, unless the request is answered, replaced or late.
UPDATE taskflow.inspection
SET answer = $5::json, answered_at = (SELECT coalesce($1::timestamptz, clock_timestamp()))
WHERE job_id = $2::uuid AND kind = $3::text AND id = $4::uuid AND answered_at IS NULL
  AND until > (SELECT coalesce($1::timestamptz, clock_timestamp()))
RETURNING id
