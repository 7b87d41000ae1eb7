-- Ends a bulk operation that has not ended.
UPDATE taskflow_bulk SET state = :state, finished_at = :now, problem = :problem
WHERE id = :id AND state IN ('waiting', 'running')
