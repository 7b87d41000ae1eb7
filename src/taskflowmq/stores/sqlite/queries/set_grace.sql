-- No rescues for a while; never shortens a grace that is in force. Its ran_at is the first of the late sweeps in a row.
INSERT INTO taskflow_duty (name, ran_at, grace_until) VALUES ('grace', :now, :now + 1000 * :duration_ms)
ON CONFLICT (name) DO UPDATE
SET ran_at = min(coalesce(taskflow_duty.ran_at, excluded.ran_at), excluded.ran_at),
    grace_until = max(coalesce(taskflow_duty.grace_until, excluded.grace_until), excluded.grace_until)
