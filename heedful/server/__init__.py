"""A trained model behind HTTP: predictions in batches, a page to look inside, and nothing that a stranger could break."""
