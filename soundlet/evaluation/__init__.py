"""How good a model is, measured: one measure a file, `run` joins them, `report` shows them.

The measures are rulers: each is also read on real renders, where the answer is known, so that a
score never stands without the best that the ruler itself can give.
"""
