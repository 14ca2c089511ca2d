//! Content codings undone in bounded steps (RFC 9110, section 8.4).
//!
//! A [`Decoder`] holds the input that it was fed and, for each coding of a chain but the last, one buffer of 64 KiB beside the
//! coding's own window (32 KiB for gzip and deflate, 8 MiB for zstd, 16 MiB for br). It never produces more than it is asked for.

mod brotli;
mod coding;
mod error;
mod inflate;
mod memory;
mod pipeline;
#[cfg(test)]
mod tests;
mod zstandard;

use coding::Coding;
pub use error::{DecodeError, MAX_CODINGS};
use pipeline::{Source, Stage, pull};

/// Undoes the codings of one Content-Encoding value. `B` is a piece of input, held until it is consumed.
///
/// Bytes after the end of the coding are never decoded: after brotli they are an error, elsewhere they are ignored. Errors are final.
pub struct Decoder<B> {
    /// In the order of decoding: the last coding that was applied comes first.
    stages: Vec<Stage>,
    source: Source<B>,
    fed_anything: bool,
    failure: Option<DecodeError>,
}

impl<B: AsRef<[u8]>> Decoder<B> {
    /// A decoder for a Content-Encoding value; None when it names nothing but `identity`, or a coding that is not known.
    pub fn for_encoding(value: &str) -> Result<Option<Self>, DecodeError> {
        let names: Vec<&str> = value
            .split(',')
            .map(|name| name.trim_matches([' ', '\t']))
            .filter(|name| !name.is_empty() && !name.eq_ignore_ascii_case("identity"))
            .collect();
        if names.len() > MAX_CODINGS {
            return Err(DecodeError::TooManyCodings { count: names.len() });
        }
        if names.is_empty() || !names.iter().all(|name| is_known(name)) {
            return Ok(None);
        }
        let codings: Result<Vec<_>, _> =
            names.iter().rev().map(|name| coding_named(name)).collect();
        Ok(Some(Self {
            stages: codings?.into_iter().map(Stage::new).collect(),
            source: Source::default(),
            fed_anything: false,
            failure: None,
        }))
    }

    /// Add encoded bytes.
    pub fn feed(&mut self, data: B) {
        if data.as_ref().is_empty() {
            return;
        }
        self.fed_anything = true;
        if self.failure.is_some() {
            return;
        }
        match self.stages.first() {
            Some(first) if first.has_ended() => self.failure = first.surplus_fault(),
            _ => self.source.push(data),
        }
    }

    /// How many input bytes are held.
    pub fn held(&self) -> usize {
        self.source.len()
    }

    /// Decode into `output`, and return how much of it was filled. Less than all means that more input is needed, that
    /// the end is reached, or that the next call fails. An error may swallow what the same step decoded.
    pub fn read(&mut self, output: &mut [u8]) -> Result<usize, DecodeError> {
        if let Some(failure) = &self.failure {
            return Err(failure.clone());
        }
        if output.is_empty() {
            return Ok(0);
        }
        let mut written = 0;
        if let Err(failure) = pull(&mut self.stages, &mut self.source, output, &mut written) {
            self.source.clear();
            self.failure = Some(failure.clone());
            if written == 0 {
                return Err(failure);
            }
        }
        Ok(written)
    }

    /// Say that no more input comes, after `read` gave nothing more. An input of no bytes at all is fine.
    pub fn finish(&self) -> Result<(), DecodeError> {
        if let Some(failure) = &self.failure {
            return Err(failure.clone());
        }
        if !self.fed_anything {
            return Ok(());
        }
        for stage in self.stages.iter().rev() {
            if !stage.is_complete() {
                return Err(DecodeError::Truncated {
                    coding: stage.name(),
                });
            }
            if stage.ignores_earlier() {
                break;
            }
        }
        Ok(())
    }
}

fn is_known(name: &str) -> bool {
    ["gzip", "x-gzip", "deflate", "br", "zstd"]
        .iter()
        .any(|known| name.eq_ignore_ascii_case(known))
}

/// The decoder of a coding that is known.
fn coding_named(name: &str) -> Result<Box<dyn Coding>, DecodeError> {
    Ok(match name.to_ascii_lowercase().as_str() {
        "deflate" => Box::new(inflate::Deflate::new()),
        "br" => Box::new(brotli::Brotli::new()),
        "zstd" => Box::new(zstandard::Zstandard::new().ok_or(DecodeError::OutOfMemory)?),
        _ => Box::new(inflate::Gzip::new()),
    })
}
