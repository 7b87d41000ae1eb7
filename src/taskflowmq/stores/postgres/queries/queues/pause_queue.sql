-- Stops claims from a queue; a queue that is paused already stays as it is.
UPDATE taskflow.queue SET paused_at = (SELECT coalesce($1::timestamptz, clock_timestamp()))
WHERE tenant_id = $3::integer AND name = $2::text AND paused_at IS NULL
