-- Notes what a bulk operation has collected, if no other process has continued its collection and it has not ended meanwhile.
UPDATE taskflow_bulk
SET position = :position, total = total + :jobs, chunks = chunks + :chunks, collected = :collected
WHERE id = :id AND position IS :known AND NOT collected AND state IN ('waiting', 'running')
RETURNING id
