"""How each evaluated model holds up, what breaks it first, and what an overview says in a sentence."""
