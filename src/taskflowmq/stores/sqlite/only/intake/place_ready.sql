-- Makes new jobs that are due ready. Positions may have gaps.
-- include: arrive
SELECT json_extract(value, '$[0]'), :first + key, substr(:ids, 16 * key + 1, 16), json_extract(value, '$[1]'), :now,
       json_extract(value, '$[3]'), 1, 0, 0, 0, 0, json_extract(value, '$[4]')
FROM json_each(:places)
WHERE json_extract(value, '$[2]') <= :now
