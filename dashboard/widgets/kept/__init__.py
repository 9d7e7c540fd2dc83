"""What is kept on this machine: views that have a name, outputs of runs."""
