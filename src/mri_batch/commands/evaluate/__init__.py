"""How good a model is, measured with the very code that serves it: figures, intervals, maps against outlines."""
