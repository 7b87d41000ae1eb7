-- How many jobs each state has, counted up to :most so that the answer costs the same in a large store. Completed are
-- those that ended less the others: exact while each of those stays below :most.
WITH ended (jobs, cancelled, dead) AS MATERIALIZED (
  SELECT (SELECT count(*) FROM (SELECT 1 FROM taskflow_outcome LIMIT 3 * :most)),
         (SELECT count(*) FROM (SELECT 1 FROM taskflow_outcome
                                WHERE state <> 'completed' AND state = 'cancelled' LIMIT :most)),
         (SELECT count(*) FROM (SELECT 1 FROM taskflow_outcome
                                WHERE state <> 'completed' AND state = 'dead' LIMIT :most))
)
SELECT (SELECT count(*) FROM (SELECT 1 FROM taskflow_ready LIMIT :most)),
       (SELECT count(*) FROM (SELECT 1 FROM taskflow_running LIMIT :most)),
       (SELECT count(*) FROM (SELECT 1 FROM taskflow_waiting LIMIT :most)),
       min(jobs - cancelled - dead, :most), cancelled, dead
FROM ended
