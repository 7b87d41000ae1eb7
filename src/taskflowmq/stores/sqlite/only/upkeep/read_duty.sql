-- When a duty ran last, until when rescues are forbidden, and when the first of consecutive late sweeps was.
SELECT (SELECT ran_at FROM taskflow_duty WHERE name = :name), (SELECT max(grace_until) FROM taskflow_duty),
       (SELECT ran_at FROM taskflow_duty WHERE name = 'grace')
