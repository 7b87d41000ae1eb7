-- Stores a worker whose lease begins now; repeated with the same id it changes nothing but the lease.
INSERT INTO taskflow_worker (id, supervisor, host, boot_id, pid, version, started_at, lease_until, info, command, command_at,
                             release_id)
VALUES (:id, :supervisor, :host, :boot_id, :pid, :version, :now, :now + 1000 * :lease_ms, :info, :command,
        CASE WHEN :command IS NOT NULL THEN :now END, :release_id)
ON CONFLICT (id) DO UPDATE SET lease_until = excluded.lease_until WHERE taskflow_worker.ended_at IS NULL
