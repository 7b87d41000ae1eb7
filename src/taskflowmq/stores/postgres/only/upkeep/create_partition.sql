-- Makes the partition of a day from now, counted in days.
SELECT taskflow.make_partition(
  $2::text, ((SELECT coalesce($1::timestamptz, clock_timestamp())) AT TIME ZONE 'UTC')::date + $3::integer) AS made
