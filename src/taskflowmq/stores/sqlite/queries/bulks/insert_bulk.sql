-- Stores a bulk operation, unless its id is stored already, or its Idempotency-Key with another one.
INSERT INTO taskflow_bulk (id, tenant_id, action, filter, reason, actor, rate, key, fingerprint, state, created_at, undo_until,
                           params)
VALUES (:id, :tenant_id, :action, :filter, :reason, :actor, :rate, :key, :fingerprint, 'waiting', :now,
        CASE WHEN :undo_ms > 0 THEN :now + 1000 * :undo_ms END, :params)
ON CONFLICT DO NOTHING
