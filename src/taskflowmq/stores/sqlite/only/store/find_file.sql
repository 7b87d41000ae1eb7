-- The files of this connection. Not a SELECT: that would take a snapshot, and the write that follows could not have it.
PRAGMA database_list
