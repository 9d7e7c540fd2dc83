"""The operations behind the candidates of the thesis, which follow Albumentations 0.5.2: one module a kind of operation."""
