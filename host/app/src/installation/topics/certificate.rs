//! The certificate that a message is signed with: where it may come from, whom it must be of, and whether the signature is
//! by it.
//!
//! The address is in the message, and so may be anyone's. Only SNS's own, of the topic's region, is asked. What comes from
//! there must lead to an authority that this machine trusts, and be for SNS. SNS gives the certificate without the one that
//! it was issued by, which says itself where that is: at Amazon's authority, and at no other is it asked for.

use std::time::Duration;

use capability::Scope;
use ledger::Millis;
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, ServerName, TrustAnchor, UnixTime};
use webpki::aws_lc_rs::RSA_PKCS1_2048_8192_SHA256;
use webpki::{ALL_VERIFICATION_ALGS, EndEntityCert, KeyUsage};
use x509_parser::extensions::{GeneralName, ParsedExtension};
use x509_parser::prelude::{FromDer as _, X509Certificate};

/// How a certificate names the place of its issuer's (RFC 5280, 4.2.2.1).
const CA_ISSUERS: &str = "1.3.6.1.5.5.7.48.2";
/// How many certificates a chain may have above the first one.
const ABOVE: usize = 4;

/// A certificate, and those between it and an authority.
#[derive(Clone, Debug)]
pub struct Chain {
    leaf: CertificateDer<'static>,
    above: Vec<CertificateDer<'static>>,
}

/// Whether this is where SNS keeps the certificates of a topic of this region.
pub fn is_signing_url(url: &str, scope: &Scope) -> bool {
    let Some(path) = url.strip_prefix(&format!("https://sns.{}.{}/", scope.region, suffix(scope))) else {
        return false;
    };
    let name = path.strip_prefix("SimpleNotificationService-").and_then(|name| name.strip_suffix(".pem"));
    name.is_some_and(|name| (1..=64).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_alphanumeric()))
}

/// Whether this is where Amazon's authority keeps its own certificates: `http://crt.<name>.amazontrust.com/<name>.cer`. It
/// is no secret and no proof: what comes from there counts by its signature.
fn is_issuer_url(url: &str) -> bool {
    let Some((host, file)) = url.strip_prefix("http://crt.").and_then(|rest| rest.split_once('/')) else {
        return false;
    };
    let word = |text: &str| (1..=64).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let file = file.strip_suffix(".cer").or(file.strip_suffix(".crt"));
    host.strip_suffix(".amazontrust.com").is_some_and(word) && file.is_some_and(word)
}

/// The names that SNS signs under, by region; some regions have names of their own.
fn names(scope: &Scope) -> Vec<String> {
    let (region, suffix) = (&scope.region, suffix(scope));
    let mut names = vec![format!("sns.{region}.{suffix}"), format!("sns-signing.{region}.{suffix}")];
    match scope.partition.as_str() {
        "aws" => names.push(format!("sns.{suffix}")),
        // Both regions of GovCloud sign as one.
        "aws-us-gov" => names.extend(["sns-us-gov-west-1", "sns"].map(|name| format!("{name}.{suffix}"))),
        _ => names.push(format!("sns-{region}.{suffix}")),
    }
    names
}

fn suffix(scope: &Scope) -> &'static str {
    if scope.partition == "aws-cn" { "amazonaws.com.cn" } else { "amazonaws.com" }
}

impl Chain {
    /// Reads certificates, the signing one first.
    pub fn read(pem: &[u8]) -> Result<Chain, String> {
        let all: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).take(ABOVE + 1).collect();
        let mut all = all.map_err(|error| format!("the signing certificate cannot be read: {error}"))?.into_iter();
        let leaf = all.next().ok_or("there is no signing certificate at the address")?;
        Ok(Chain { leaf, above: all.collect() })
    }

    /// Where the certificate's issuer is to be found, when the chain does not have it.
    pub fn issuer_url(&self) -> Option<String> {
        if !self.above.is_empty() {
            return None;
        }
        let (_, certificate) = X509Certificate::from_der(&self.leaf).ok()?;
        let urls = certificate.extensions().iter().filter_map(|extension| match extension.parsed_extension() {
            ParsedExtension::AuthorityInfoAccess(access) => Some(access.accessdescs.iter()),
            _ => None,
        });
        let url = urls.flatten().find_map(|access| match &access.access_location {
            GeneralName::URI(url) if access.access_method.to_id_string() == CA_ISSUERS => Some((*url).to_owned()),
            _ => None,
        });
        url.filter(|url| is_issuer_url(url))
    }

    /// The same chain with the issuer's certificate.
    #[must_use]
    pub fn with_issuer(mut self, der: Vec<u8>) -> Chain {
        self.above.push(der.into());
        self
    }

    /// Checks that the certificate leads to one of `roots`, is valid now, and is one that SNS signs with in this region.
    pub fn check(&self, roots: &[TrustAnchor<'_>], scope: &Scope, now: Millis) -> Result<(), String> {
        let certificate = self.certificate()?;
        let time = UnixTime::since_unix_epoch(Duration::from_millis(u64::try_from(now).unwrap_or_default()));
        let (algorithms, usage) = (ALL_VERIFICATION_ALGS, KeyUsage::server_auth());
        let path = certificate.verify_for_usage(algorithms, roots, &self.above, time, usage, None, None);
        path.map_err(|error| format!("its signing certificate is not trusted: {error:?}"))?;
        let is_for = |name: &String| {
            let name = ServerName::try_from(name.as_str()).ok();
            name.is_some_and(|name| certificate.verify_is_valid_for_subject_name(&name).is_ok())
        };
        if names(scope).iter().any(is_for) {
            return Ok(());
        }
        Err(format!("its signing certificate is not SNS's of the region `{}`", scope.region))
    }

    /// Checks a signature by the certificate: RSA with SHA-256.
    pub fn verify(&self, text: &str, signature: &[u8]) -> Result<(), String> {
        let verified = self.certificate()?.verify_signature(RSA_PKCS1_2048_8192_SHA256, text.as_bytes(), signature);
        verified.map_err(|_| "its signature does not fit".into())
    }

    fn certificate(&self) -> Result<EndEntityCert<'_>, String> {
        EndEntityCert::try_from(&self.leaf)
            .map_err(|error| format!("the signing certificate cannot be read: {error:?}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_addresses_of_sns_are_asked() {
        let asks = |url: &str, region: &str| is_signing_url(url, &Scope::new("123456789012", region));
        let url = "https://sns.eu-central-1.amazonaws.com/SimpleNotificationService-0123456789abcdef.pem";
        assert!(asks(url, "eu-central-1"));
        assert!(!asks(url, "us-east-1"), "a topic is signed in its own region");
        assert!(asks(&url.replace("eu-central", "us-gov-west"), "us-gov-west-1"));
        assert!(asks(&url.replace("eu-central-1.amazonaws.com", "cn-north-1.amazonaws.com.cn"), "cn-north-1"));
        for (part, by) in [
            ("https", "http"),
            ("https", "HTTPS"),
            ("sns.eu-central-1.amazonaws.com", "sns.evil.com"),
            ("sns.eu-central-1", "x.s3"),
            ("amazonaws.com", "amazonaws.com.evil.com"),
            ("https://", "https://sns.eu-central-1.amazonaws.com@evil.com/"),
            (".com/", ".com:8443/"),
            (".pem", ".pem?x=.pem"),
            (".pem", ".pem#.pem"),
            (".com/", ".com/../"),
            (".com/", ".com/a/"),
            ("0123", "%2e%2e"),
            (".pem", ".txt"),
            ("amazonaws.com", "amazonaws.com.cn"),
        ] {
            assert!(!asks(&url.replacen(part, by, 1), "eu-central-1"), "{by} for {part}");
        }
    }

    #[test]
    fn only_amazons_authority_is_asked_for_an_issuer() {
        assert!(is_issuer_url("http://crt.r2m01.amazontrust.com/r2m01.cer"));
        for url in [
            "https://crt.r2m01.amazontrust.com/r2m01.cer",
            "http://crt.r2m01.amazontrust.com.evil.com/r2m01.cer",
            "http://crt.evil.com/x.amazontrust.com/r2m01.cer",
            "http://crt.a@169.254.169.254/r2m01.cer",
            "http://crt.r2m01.amazontrust.com/../r2m01.cer",
            "http://crt.r2m01.amazontrust.com:81/r2m01.cer",
            "http://crt.r2m01.amazontrust.com/latest?x=.cer",
            "http://169.254.169.254/r2m01.cer",
        ] {
            assert!(!is_issuer_url(url), "{url}");
        }
    }

    #[test]
    fn sns_has_other_names_elsewhere() {
        let of = |region: &str| names(&Scope::new("123456789012", region));
        assert!(of("eu-central-1").contains(&"sns.amazonaws.com".into()));
        assert!(of("af-south-1").contains(&"sns-signing.af-south-1.amazonaws.com".into()));
        assert!(of("us-gov-east-1").contains(&"sns-us-gov-west-1.amazonaws.com".into()));
        assert!(of("cn-north-1").contains(&"sns-cn-north-1.amazonaws.com.cn".into()));
        assert!(!of("cn-north-1").contains(&"sns.amazonaws.com".into()));
    }
}
