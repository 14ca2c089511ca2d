"""Counts the machine instructions that a client executes for a request, in user space.

Time on a shared machine varies by several per cent from run to run. The number of instructions
does not, if everything that the client reacts to happens in the same order each time:

- The client runs under valgrind's callgrind (`callgrind.py`). Its server is another process
  (`server.py`), which is not counted.
- The seed of string hashes is fixed, address randomisation is off, the environment is a fixed set
  of variables, and the package lies in a folder of the same length for every tree (`measure.py`).
- A run has a warm-up, a part of n requests and a part of 3n requests (`client.py`). The figure is
  (instructions of the second part - instructions of the first) / 2n, which cancels what either
  part costs once.
- How often an event loop wakes up must not depend on the speed of the two processes. The server
  answers the requests of a round together, then writes a byte to a socket, the *gate*. The
  client's loop reads that byte before it looks for ready sockets, so that it finds all of them.
- A body that is longer than a segment arrives in parts. The server stops the client with SIGSTOP
  while it sends, so that the client finds the whole body.
- Chance decides which names share a place in the interpreter's cache of attributes, and so adds up
  to 2 %. The client tries several layouts of that cache, and the least figure counts.
- The collector of garbage does not look at what existed before the first part (`gc.freeze`): one
  full collection more or less in a part would change the figure by more than a real change does.
"""
