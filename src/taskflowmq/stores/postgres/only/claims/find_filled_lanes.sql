-- Finds the lanes in which a job is ready, except some ($1, ascending; none is 0): jumps through the index from lane to
-- lane in the gaps between those. The cost is one descent per gap and per lane found, however many lanes exist. A jump
-- reads the dead entries of the lane that it reaches; lanes in use have them, so the caller passes those in $1.
WITH RECURSIVE found AS (
  SELECT g.high, (
    SELECT r.lane_id FROM taskflow.ready r WHERE r.lane_id > g.low AND r.lane_id < g.high ORDER BY r.lane_id, r.seq LIMIT 1
  ) AS lane_id
  FROM unnest(0 || $1::integer[], $1::integer[] || 2147483647) AS g (low, high)
  UNION ALL
  SELECT f.high, (
    SELECT r.lane_id FROM taskflow.ready r WHERE r.lane_id > f.lane_id AND r.lane_id < f.high ORDER BY r.lane_id, r.seq LIMIT 1)
  FROM found f WHERE f.lane_id IS NOT NULL
)
SELECT lane_id FROM found WHERE lane_id IS NOT NULL
