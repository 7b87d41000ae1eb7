-- Allows claims from a queue again.
UPDATE taskflow.queue SET paused_at = NULL WHERE name = $1::text AND paused_at IS NOT NULL
