"""Speed against the machine's limit: ``make bench``, or ``python -m benchmarks``."""
