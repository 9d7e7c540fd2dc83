"""Running a plan: the runner, the scorer, executors (threads, local processes, a Dask cluster) and leases on units."""
