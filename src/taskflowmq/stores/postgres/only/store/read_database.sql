-- Reads the version of the server and the bytes of this database.
SELECT split_part(current_setting('server_version'), ' ', 1) AS version, pg_database_size(current_database())::bigint AS bytes
