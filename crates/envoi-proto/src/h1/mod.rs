//! The client side of HTTP/1.1 (RFC 9112): strict wherever leniency could move the end of a message.
//!
//! The strict parser comes first. What it refuses, and what can be mended without moving the end of a message, is mended
//! (`mend`); the connection is then not used again, so that no mended byte ever decides where another message begins.

mod chunked;
mod encode;
mod error;
mod framing;
mod framing_fields;
mod head;
mod machine;
mod mend;
mod repairs;
mod section;
mod sending;
mod version;

pub use encode::{Request, write_chunk, write_chunked_body, write_last_chunk};
pub use error::{InvalidHead, InvalidRequest, Violation};
pub use head::Head;
pub use machine::{Limits, Machine};
pub use repairs::Repairs;
pub use version::Version;
