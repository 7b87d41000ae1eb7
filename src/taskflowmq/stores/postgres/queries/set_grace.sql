-- Forbids rescues until a while from now; never shortens a grace that is in force.
INSERT INTO taskflow.duty (name, grace_until)
SELECT 'grace', n.now + $2::bigint * interval '1 millisecond'
FROM (SELECT coalesce($1::timestamptz, clock_timestamp()) AS now OFFSET 0) n
ON CONFLICT (name) DO UPDATE SET grace_until = greatest(duty.grace_until, excluded.grace_until)
