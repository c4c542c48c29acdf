//! Objects: written and read whole, within bounds.

use std::collections::BTreeMap;

use async_trait::async_trait;
use aws_sdk_s3::Client;
use aws_sdk_s3::primitives::ByteStream;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use capability::{Access, Effect, Fault, FaultKind, Marker, Scope, Settlement, Spec, Touch};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{arn, found, name, s3_fault, tags};
use crate::check::{invalid, quoted};
use crate::client::Aws;
use crate::fault::incomplete;
use crate::operation::{AwsOperation, touch};

/// The longest object, in bytes: what crosses to a plugin is held in memory, twice.
const LONGEST: usize = 256 * 1024;
/// The longest media type, in bytes.
const MEDIA_TYPE: usize = 256;
/// The user metadata that an object is recognised by: its value is the marker's token.
const MARKER: &str = "quell-call";

/// What an object holds.
#[derive(Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
enum Body {
    Text(String),
    Base64(String),
}

impl Body {
    /// `None` when it is no base64.
    fn bytes(&self) -> Option<Vec<u8>> {
        match self {
            Body::Text(text) => Some(text.clone().into_bytes()),
            Body::Base64(text) => STANDARD.decode(text).ok(),
        }
    }

    /// Text where it is UTF-8.
    fn of(bytes: Vec<u8>) -> Body {
        match String::from_utf8(bytes) {
            Ok(text) => Body::Text(text),
            Err(error) => Body::Base64(STANDARD.encode(error.as_bytes())),
        }
    }
}

/// PutObject: an object in place of one that has this key.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct PutObject {
    bucket: String,
    key: String,
    body: Body,
    content_type: String,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct PutObjectOutput {
    etag: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    version_id: Option<String>,
}

#[async_trait]
impl AwsOperation for PutObject {
    const SPEC: &'static Spec = &Spec {
        function: "quell:s3/objects@0.1.0#put-object",
        action: "s3:PutObject",
        also: &[],
        access: Access::Write,
        effect: Effect::Write,
    };
    type Output = PutObjectOutput;

    fn check(&self) -> Result<(), Fault> {
        name::bucket(&self.bucket)?;
        name::key(&self.key)?;
        match self.body.bytes() {
            None => return Err(invalid("`body` is not base64 with its padding (RFC 4648, section 4)")),
            Some(bytes) if bytes.len() > LONGEST => {
                return Err(invalid(format!("`body` has {} bytes, and may have {LONGEST}", bytes.len())));
            }
            Some(_) => {}
        }
        let printable = |byte: u8| byte == b' ' || byte.is_ascii_graphic();
        match (1..=MEDIA_TYPE).contains(&self.content_type.len()) && self.content_type.bytes().all(printable) {
            true => Ok(()),
            false => Err(invalid(format!("{} is not a media type, such as `text/plain`", quoted(&self.content_type)))),
        }
    }

    fn touches(&self, scope: &Scope) -> Vec<Touch> {
        vec![touch(Self::SPEC.action, format!("{}/{}", arn(scope, &self.bucket), self.key))]
    }

    fn settlement(&self) -> Settlement {
        Settlement::Compare
    }

    async fn send(&self, aws: &Aws, marker: &Marker) -> Result<PutObjectOutput, Fault> {
        let bytes = self.body.bytes().ok_or_else(|| invalid("`body` is not base64"))?;
        let request = aws
            .client(Client::new)
            .put_object()
            .bucket(&self.bucket)
            .expected_bucket_owner(aws.account())
            .key(&self.key)
            .content_type(&self.content_type)
            .metadata(MARKER, &marker.token)
            .body(bytes.into());
        let reply = request.send().await.map_err(s3_fault)?;
        Ok(PutObjectOutput { etag: reply.e_tag.ok_or_else(|| incomplete("ETag"))?, version_id: reply.version_id })
    }

    /// What is known of the object under this key, without what it holds. S3 does not tell a bucket that there is not from a
    /// key that there is not.
    async fn state(&self, aws: &Aws) -> Result<Value, Fault> {
        let request = aws.client(Client::new).head_object().bucket(&self.bucket).key(&self.key);
        let request = request.expected_bucket_owner(aws.account());
        let object = found(request.send().await.map_err(s3_fault))?;
        let known = object.map(|object| {
            let call = object.metadata.as_ref().and_then(|metadata| metadata.get(MARKER));
            json!({
                "etag": object.e_tag, "version-id": object.version_id, "content-length": object.content_length,
                "call": call,
            })
        });
        Ok(known.unwrap_or_default())
    }

    async fn tags(&self, aws: &Aws, _resource: &str) -> Result<Option<BTreeMap<String, String>>, Fault> {
        tags(aws, &self.bucket).await
    }

    /// Whether it is the object that carries the marker, and else which one it is.
    fn facet(&self, state: &Value, marker: &Marker) -> Result<Value, Fault> {
        match state.get("call").and_then(Value::as_str) == Some(&marker.token) {
            true => self.target(marker),
            false => Ok(state.clone()),
        }
    }

    fn target(&self, marker: &Marker) -> Result<Value, Fault> {
        Ok(json!({ "call": marker.token }))
    }

    fn seen(&self, state: &Value) -> Option<PutObjectOutput> {
        let text = |name: &str| state.get(name).and_then(Value::as_str).map(str::to_owned);
        Some(PutObjectOutput { etag: text("etag").unwrap_or_default(), version_id: text("version-id") })
    }

    /// The tag is lost with the answer.
    fn presumed(&self) -> Option<PutObjectOutput> {
        Some(PutObjectOutput { etag: String::new(), version_id: None })
    }
}

/// GetObject: an object in its newest version.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct GetObject {
    bucket: String,
    key: String,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct Object {
    body: Body,
    #[serde(skip_serializing_if = "Option::is_none")]
    content_type: Option<String>,
    etag: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    version_id: Option<String>,
    last_modified: String,
}

#[async_trait]
impl AwsOperation for GetObject {
    const SPEC: &'static Spec = &Spec {
        function: "quell:s3/objects@0.1.0#get-object",
        action: "s3:GetObject",
        also: &[],
        access: Access::Read,
        effect: Effect::Read,
    };
    type Output = Object;

    fn check(&self) -> Result<(), Fault> {
        name::bucket(&self.bucket)?;
        name::key(&self.key)
    }

    fn touches(&self, scope: &Scope) -> Vec<Touch> {
        vec![touch(Self::SPEC.action, format!("{}/{}", arn(scope, &self.bucket), self.key))]
    }

    async fn send(&self, aws: &Aws, _marker: &Marker) -> Result<Object, Fault> {
        let request = aws.client(Client::new).get_object().bucket(&self.bucket).key(&self.key);
        let reply = request.expected_bucket_owner(aws.account()).send().await.map_err(s3_fault)?;
        if reply.content_length.is_some_and(|length| usize::try_from(length).is_ok_and(|length| length > LONGEST)) {
            return Err(too_large());
        }
        Ok(Object {
            body: Body::of(bounded(reply.body).await?),
            content_type: reply.content_type,
            etag: reply.e_tag.unwrap_or_default(),
            version_id: reply.version_id,
            last_modified: reply.last_modified.map(|time| time.to_string()).unwrap_or_default(),
        })
    }

    async fn tags(&self, aws: &Aws, _resource: &str) -> Result<Option<BTreeMap<String, String>>, Fault> {
        tags(aws, &self.bucket).await
    }
}

fn too_large() -> Fault {
    let message = format!("the object has more than {LONGEST} bytes");
    Fault::known(FaultKind::Invalid, "object-too-large", message)
}

/// All of `body`, of which no more is taken from the connection than may be kept, whatever its length was said to be.
async fn bounded(mut body: ByteStream) -> Result<Vec<u8>, Fault> {
    let mut bytes = vec![];
    while let Some(more) =
        body.try_next().await.map_err(|error| Fault::unknown("unreadable-reply", error.to_string()))?
    {
        if bytes.len() + more.len() > LONGEST {
            return Err(too_large());
        }
        bytes.extend_from_slice(&more);
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_is_text_where_it_can_be() {
        assert_eq!(Body::of("grün\0".into()), Body::Text("grün\0".into()));
        assert_eq!(Body::of(vec![]), Body::Text(String::new()));
        let binary = Body::of(vec![0xff, 0x00]);
        assert_eq!(binary, Body::Base64("/wA=".into()));
        assert_eq!(binary.bytes(), Some(vec![0xff, 0x00]));
        for wrong in ["/wA", "/wA =", "_wA=", "/wB="] {
            assert_eq!(Body::Base64(wrong.into()).bytes(), None, "{wrong}");
        }
    }

    /// A body without a length, as S3 never sends it and a server that lies would.
    #[tokio::test]
    async fn no_more_is_read_than_may_be_kept() {
        let of = |length: usize| ByteStream::from(vec![7; length]);
        assert_eq!(bounded(of(LONGEST)).await.map(|bytes| bytes.len()), Ok(LONGEST));
        assert_eq!(bounded(of(LONGEST + 1)).await.unwrap_err().code, "object-too-large");
    }
}
