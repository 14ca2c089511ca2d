//! `H1Machine` and `ResponseHead`.
