"""Envoi beside its peers and beside bare sockets, all measured in one run: ``python -m
benchmarks``.

An nginx with one worker serves from one core; each client is a process of its own on another core.
Batches are interleaved (A B C, A B C, ...), the best of them counts, and wall time and process CPU
are both reported. Machines differ and are shared: only the ratios within one run mean something.
"""
