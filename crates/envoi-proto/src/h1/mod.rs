//! The client side of HTTP/1.1 (RFC 9112), as strict as a parser can be without refusing servers that follow the RFC.

mod chunked;
mod encode;
mod error;
mod framing;
mod head;
mod machine;
mod section;
mod sending;

pub use encode::{Request, write_chunk, write_chunked_body, write_last_chunk};
pub use error::{InvalidRequest, Violation};
pub use head::{Head, Version};
pub use machine::{Limits, Machine};
