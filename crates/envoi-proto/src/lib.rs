//! Sans-IO HTTP protocol machines and values: bytes in, events out. No sockets, no clock, no randomness, no Python.

pub mod decode;
pub mod h1;
pub mod headers;
pub mod pool;
pub mod url;
