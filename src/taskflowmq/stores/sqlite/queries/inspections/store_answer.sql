-- Stores the answer of a worker, unless the request is answered, replaced or late.
UPDATE taskflow_inspection
SET answer = :answer, answered_at = :now
WHERE job_id = :job_id AND kind = :kind AND id = :id AND answered_at IS NULL AND until > :now
RETURNING id
