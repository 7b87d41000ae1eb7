"""How bodies run: as coroutines, in threads and in processes, with the hooks around them."""
