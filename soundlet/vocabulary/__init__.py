"""The words that the default model was taught, as plain tables: runtime and training read them."""
