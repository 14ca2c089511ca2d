//! Content codings undone in bounded steps (RFC 9110, section 8.4).
