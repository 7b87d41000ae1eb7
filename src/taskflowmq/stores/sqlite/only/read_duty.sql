-- When a duty ran last, and until when rescues are forbidden.
SELECT (SELECT ran_at FROM taskflow_duty WHERE name = :name), (SELECT max(grace_until) FROM taskflow_duty)
