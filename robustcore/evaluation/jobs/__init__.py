"""Evaluations and trainings in the background: jobs, their queue, the worker process and its heartbeat."""
