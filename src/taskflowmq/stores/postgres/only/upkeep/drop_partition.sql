-- Drops the partition of a day, if it is empty.
SELECT taskflow.drop_partition($1::text, $2::date) AS dropped
