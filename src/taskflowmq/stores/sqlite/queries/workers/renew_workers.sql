-- Renews the leases of workers that have not been ended, and returns them.
UPDATE taskflow_worker SET lease_until = :now + 1000 * :lease_ms
WHERE id IN (SELECT substr(:ids, 16 * key + 1, 16) FROM json_each(:rows)) AND ended_at IS NULL
RETURNING id
