//! Header fields (RFC 9110, section 5).
