"""How attempts end: what an ending means for the job, and storing it."""
