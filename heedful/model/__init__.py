"""The network: tensors in, tensors out. Knows no text, no files, no pictures, not how it is searched or trained."""
