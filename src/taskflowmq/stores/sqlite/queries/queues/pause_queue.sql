-- Stops claims from a queue; a queue that is paused already stays as it is.
UPDATE taskflow_queue SET paused_at = coalesce(paused_at, :now) WHERE tenant_id = :tenant_id AND name = :name
