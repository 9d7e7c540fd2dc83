"""Compare > Attacks: what holds against every attack, the thesis' attacks, curves against eps, transfer, and every attack."""
