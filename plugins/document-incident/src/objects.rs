//! What keeping documents needs of S3: a port, so that it is tested against a bucket in memory, and its one real
//! implementation by capability calls.

use quell_sdk::Error;
use quell_sdk::s3::objects::{self, Body};

/// The calls of keeping documents.
pub trait Objects {
    /// What an object holds.
    fn get(&mut self, bucket: &str, key: &str) -> Result<Body, Error>;

    /// Writes an object, in place of one that is there.
    fn put(&mut self, bucket: &str, key: &str, text: &str, content_type: &str) -> Result<(), Error>;
}

/// S3, through the host.
pub struct Live;

impl Objects for Live {
    fn get(&mut self, bucket: &str, key: &str) -> Result<Body, Error> {
        objects::get_object(bucket, key).map(|object| object.body)
    }

    fn put(&mut self, bucket: &str, key: &str, text: &str, content_type: &str) -> Result<(), Error> {
        objects::put_object(bucket, key, &Body::Text(text.to_owned()), content_type).map(|_| ())
    }
}
