-- Reads settings of this session, to see whether what was asked for at connect has reached the server.
SELECT s.name, current_setting(s.name) AS value FROM unnest($1::text[]) AS s (name)
