//! The client side of HTTP/1.1 (RFC 9112).
