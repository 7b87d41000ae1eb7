-- Claims from a queue again.
UPDATE taskflow_queue SET paused_at = NULL WHERE name = :name
