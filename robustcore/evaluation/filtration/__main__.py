"""`python -m robustcore.evaluation.filtration`: make the list of the shipped set scenes/filtered."""

from robustcore.evaluation.filtration.scenes_list import main

main()
