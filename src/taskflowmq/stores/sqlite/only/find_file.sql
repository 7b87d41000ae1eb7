-- The file that this connection is to.
SELECT file FROM pragma_database_list WHERE name = 'main'
