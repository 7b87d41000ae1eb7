-- Stores a worker whose lease begins now; repeated with the same id it changes nothing but the lease.
INSERT INTO taskflow.worker (id, supervisor, host, boot_id, pid, version, started_at, lease_until, info, command, command_at,
                             release_id)
SELECT $2::uuid, $3::uuid, $4::text, $5::text, $6::integer, $7::text, n.now, n.now + $8::bigint * interval '1 millisecond',
       convert_from($9::bytea, 'UTF8')::json, $10::text, CASE WHEN $10::text IS NOT NULL THEN n.now END, $11::integer
FROM (SELECT coalesce($1::timestamptz, clock_timestamp()) AS now OFFSET 0) n
ON CONFLICT (id) DO UPDATE SET lease_until = excluded.lease_until WHERE worker.ended_at IS NULL
