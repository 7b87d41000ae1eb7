-- Tells listeners that these queues have ready jobs.
SELECT
-- include: wake
WHERE q.name = ANY($1::text[])
