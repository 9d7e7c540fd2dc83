"""What all attacks share.

`inputs` checks the caller's arguments, `victim` checks and freezes the model, `driver` attacks the images group by group,
`oracle` answers an attack's queries and keeps the best image of each, and `trace` records queries for display. The attacks
themselves are the modules of `robustcore.attacks`.
"""
