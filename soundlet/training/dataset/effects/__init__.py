"""Sound effects by where they come from; each function draws one and names what is true of it."""
