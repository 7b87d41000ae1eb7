-- Retires a day: drops its partitions when few of its jobs must survive (see functions/retire_day.sql).
SELECT taskflow.retire_day($1::date, $2::timestamptz, $3::bigint, $4::bigint, $5::bigint, $6::bigint) AS deleted
