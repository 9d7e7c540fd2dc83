"""What takes long leaves the server's process: a few worker processes for all sessions.

`pool` hands requests to them, `worker` is what such a process runs, `tasks` are the computations that need more than their
arguments, such as a model. Nothing here knows Streamlit.
"""
