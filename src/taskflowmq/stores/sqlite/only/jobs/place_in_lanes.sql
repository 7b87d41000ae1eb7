-- Makes jobs ready again that have left their lanes for others, each at a new position there, in their order.
-- include: arrive
SELECT j.lane_id, :first + json_extract(x.value, '$[0]'), j.id, json_extract(x.value, '$[1]'), :now, json_extract(x.value, '$[2]'),
       json_extract(x.value, '$[3]'), json_extract(x.value, '$[4]'), json_extract(x.value, '$[5]'), json_extract(x.value, '$[6]'),
       json_extract(x.value, '$[7]'), json_extract(x.value, '$[8]')
FROM json_each(:jobs) AS x
CROSS JOIN taskflow_job AS j ON j.id = substr(:ids, 16 * json_extract(x.value, '$[0]') + 1, 16)
