-- Whether a worker may claim: it is registered and has not ended.
SELECT 1 FROM taskflow_worker WHERE id = :id AND ended_at IS NULL
