-- Ends a worker: it can claim no more, and its jobs can be rescued.
-- FOR UPDATE waits for a claim in progress (which holds KEY SHARE): after this no claim can succeed.
WITH me AS MATERIALIZED (SELECT id FROM taskflow.worker WHERE id = $2::uuid AND ended_at IS NULL FOR UPDATE)
UPDATE taskflow.worker SET ended_at = (SELECT coalesce($1::timestamptz, clock_timestamp()))
WHERE id = (SELECT id FROM me) AND ended_at IS NULL
RETURNING id
