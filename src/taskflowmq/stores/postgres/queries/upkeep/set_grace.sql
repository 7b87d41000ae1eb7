-- Forbids rescues for a time from now; never shortens a grace that is in force.
-- Its ran_at lies as far back as consecutive sweeps have come late ($3, milliseconds).
INSERT INTO taskflow.duty (name, ran_at, grace_until)
SELECT 'grace', n.now - $3::bigint * interval '1 millisecond', n.now + $2::bigint * interval '1 millisecond'
FROM (SELECT coalesce($1::timestamptz, clock_timestamp()) AS now OFFSET 0) n
ON CONFLICT (name) DO UPDATE SET ran_at = excluded.ran_at,
                                 grace_until = greatest(duty.grace_until, excluded.grace_until)
