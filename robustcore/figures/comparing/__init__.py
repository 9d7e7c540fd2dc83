"""What figures of several models are made of: a mark for each model in rows, dots and small panels."""
