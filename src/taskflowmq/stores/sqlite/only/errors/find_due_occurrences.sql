-- Finds the first minute below :until with failures that are to be joined; NULL: there is none. :spans are those of rows that
-- are not joined yet.
SELECT min((SELECT s.minute FROM taskflow_error_stat AS s WHERE s.span = x.value AND s.minute < :until ORDER BY s.minute LIMIT 1))
FROM json_each(:spans) AS x
