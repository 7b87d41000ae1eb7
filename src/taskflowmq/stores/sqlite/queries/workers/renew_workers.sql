-- Renews the leases of workers that have not been ended, stores their loads, and returns them with what they shall do.
UPDATE taskflow_worker
SET lease_until = :now + 1000 * :lease_ms,
    load = coalesce(x.value, load),
    load_at = CASE WHEN x.value IS NULL THEN load_at ELSE :now END
FROM json_each(:rows) AS x
WHERE taskflow_worker.id = substr(:ids, 16 * x.key + 1, 16) AND ended_at IS NULL
RETURNING id, command
