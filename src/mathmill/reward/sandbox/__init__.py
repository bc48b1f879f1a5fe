"""Run model-written Python where it can do no harm: `pool.Sandbox` (paper 8: programs and tool-integrated answers).

One file a concern, in the order in which a program meets them: `pool` (the caller's side), `server` (the process that
forks one child a program), `library` (imports without a file system), `isolate` (namespaces, identity, limits),
`filter` (system calls), `program` (clock, randomness, execution). Only `pool` is imported by the rest of mathmill.
"""
