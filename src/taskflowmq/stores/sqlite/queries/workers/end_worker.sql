-- Ends a worker: it can claim no more, and its jobs can be rescued.
UPDATE taskflow_worker SET ended_at = :now WHERE id = :id AND ended_at IS NULL
RETURNING id
