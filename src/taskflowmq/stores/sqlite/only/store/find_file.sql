-- The files of this connection. Not a SELECT, which would take a snapshot that the write after it could not use.
PRAGMA database_list
