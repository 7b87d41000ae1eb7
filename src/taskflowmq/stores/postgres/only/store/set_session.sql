-- Corrects settings that the defaults of a role or database must not decide: a commit is flushed before it is answered
-- (a stronger setting stays), and a transaction has no time limit of its own ($1: the server has such a limit).
SELECT set_config(s.name, s.wanted, false)
FROM (VALUES ('synchronous_commit', 'on'), ('transaction_timeout', '0')) AS s (name, wanted)
WHERE CASE WHEN s.name = 'synchronous_commit' THEN current_setting(s.name) = 'off'
           ELSE $1::boolean AND current_setting(s.name, true) <> s.wanted END
