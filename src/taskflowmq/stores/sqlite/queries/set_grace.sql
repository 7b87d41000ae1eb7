-- No rescues for a while; never shortens a grace that is in force.
INSERT INTO taskflow_duty (name, grace_until) VALUES ('grace', :now + 1000 * :duration_ms)
ON CONFLICT (name) DO UPDATE
SET grace_until = max(coalesce(taskflow_duty.grace_until, excluded.grace_until), excluded.grace_until)
