//! `Headers`.
