"""Speed and memory, side by side with a peer in one run. Not tests: a busy machine must not fail a change."""
