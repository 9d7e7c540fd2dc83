"""The textures of the frost corruption.

`files` finds and loads the five textures: the shipped ones, or the original photographs if they are on this machine.
`make` produced the shipped ones: it starts from ice patterns of `drawing` and adjusts them to the published statistics of
the originals in `statistics`.
"""
