"""The routes, one file per noun. A route turns a request into one call and its answer into one shape."""
