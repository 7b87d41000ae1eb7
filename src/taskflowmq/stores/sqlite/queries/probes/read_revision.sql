-- Reads a value that changes with every commit of any other connection to the file, also of one in this process.
PRAGMA data_version
