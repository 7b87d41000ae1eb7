-- Reads the version of the library, the bytes of the file, and those of its free pages.
SELECT sqlite_version(), c.page_count * s.page_size, f.freelist_count * s.page_size
FROM pragma_page_count() AS c, pragma_page_size() AS s, pragma_freelist_count() AS f
