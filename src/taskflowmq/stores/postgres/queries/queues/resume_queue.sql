-- Allows claims from a queue again, and counts as a use of it.
UPDATE taskflow.queue SET paused_at = NULL, used_at = (SELECT coalesce($2::timestamptz, clock_timestamp()))
WHERE tenant_id = $3::integer AND name = $1::text
