//! The client side of HTTP/1.1 (RFC 9112), as strict as a parser can be without refusing servers that follow the RFC.

mod chunked;
mod encode;
mod error;
mod framing;
mod framing_fields;
mod head;
mod machine;
mod section;
mod sending;
mod version;

pub use encode::{Request, write_chunk, write_chunked_body, write_last_chunk};
pub use error::{InvalidHead, InvalidRequest, Violation};
pub use head::Head;
pub use machine::{Limits, Machine};
pub use version::Version;
