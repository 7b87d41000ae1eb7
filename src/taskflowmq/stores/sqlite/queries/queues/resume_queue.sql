-- Allows claims from a queue again, and counts as a use of it.
UPDATE taskflow_queue SET paused_at = NULL, used_at = :now WHERE tenant_id = :tenant_id AND name = :name
