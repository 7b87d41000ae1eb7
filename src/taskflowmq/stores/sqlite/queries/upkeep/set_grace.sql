-- Forbids rescues for a time from now; never shortens a grace that is in force.
-- Its ran_at lies as far back as consecutive sweeps have come late.
INSERT INTO taskflow_duty (name, ran_at, grace_until)
VALUES ('grace', :now - 1000 * :late_ms, :now + 1000 * :duration_ms)
ON CONFLICT (name) DO UPDATE
SET ran_at = excluded.ran_at,
    grace_until = max(coalesce(taskflow_duty.grace_until, excluded.grace_until), excluded.grace_until)
