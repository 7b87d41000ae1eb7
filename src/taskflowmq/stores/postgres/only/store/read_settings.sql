-- Reads settings of this session, to check that those requested at connect have reached the server. Connections that
-- are lent to handlers keep the search_path of their role, in which another role may have an unnest of its own.
SELECT s.name, current_setting(s.name) AS value FROM pg_catalog.unnest($1::text[]) AS s (name)
