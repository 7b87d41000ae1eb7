-- Notes that one more chunk of a bulk operation was acted on, what became of its jobs, and when the next may be.
UPDATE taskflow_bulk
SET state = 'running', started_at = coalesce(started_at, :now), acted = acted + 1, counts = :counts, next_at = :next_at
WHERE id = :id
