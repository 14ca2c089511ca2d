"""The door to the core's pool: which connection serves which request. The theory is in
`crates/envoi-proto/src/pool/mod.rs`, and what the claims' destructors do in
`crates/envoi-py/src/pool/mod.rs`.
"""

from __future__ import annotations

from envoi._core import Lease, Permit, Place, PoolOwner, PoolState

__all__ = ["Lease", "Permit", "Place", "PoolOwner", "PoolState"]
