-- A worker introduces itself; its lease begins now.
INSERT INTO taskflow_worker (id, supervisor, host, boot_id, pid, version, started_at, lease_until, info)
VALUES (:id, :supervisor, :host, :boot_id, :pid, :version, :now, :now + 1000 * :lease_ms, :info)
ON CONFLICT (id) DO NOTHING
