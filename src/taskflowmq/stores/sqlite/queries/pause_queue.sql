-- No more claims from a queue.
UPDATE taskflow_queue SET paused_at = coalesce(paused_at, :now) WHERE name = :name
