//! URLs (RFC 3986) that keep the caller's bytes.
