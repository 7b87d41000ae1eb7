-- Claims from a queue again; a use of it.
UPDATE taskflow_queue SET paused_at = NULL, used_at = :now WHERE name = :name
