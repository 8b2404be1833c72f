//! Turns a certificate into a document with the fields of Go's `x509.Certificate`.

use std::collections::BTreeMap;

use num_bigint::BigInt;
use regorus::Value;

use super::certificate::{Certificate, Extension};
use super::der::{self, BitStringRef, Element, Reader, Tag};
use super::public::PublicKey;
use super::{bytes, name};
use crate::builtins::uri::Uri;

/// Extended key usages in the order of Go's numbers, with OPA's names.
pub(super) const USAGES: [(&[u64], &str); 14] = [
    (&[2, 5, 29, 37, 0], "KeyUsageAny"),
    (&[1, 3, 6, 1, 5, 5, 7, 3, 1], "KeyUsageServerAuth"),
    (&[1, 3, 6, 1, 5, 5, 7, 3, 2], "KeyUsageClientAuth"),
    (&[1, 3, 6, 1, 5, 5, 7, 3, 3], "KeyUsageCodeSigning"),
    (&[1, 3, 6, 1, 5, 5, 7, 3, 4], "KeyUsageEmailProtection"),
    (&[1, 3, 6, 1, 5, 5, 7, 3, 5], "KeyUsageIPSECEndSystem"),
    (&[1, 3, 6, 1, 5, 5, 7, 3, 6], "KeyUsageIPSECTunnel"),
    (&[1, 3, 6, 1, 5, 5, 7, 3, 7], "KeyUsageIPSECUser"),
    (&[1, 3, 6, 1, 5, 5, 7, 3, 8], "KeyUsageTimeStamping"),
    (&[1, 3, 6, 1, 5, 5, 7, 3, 9], "KeyUsageOCSPSigning"),
    (&[1, 3, 6, 1, 4, 1, 311, 10, 3, 3], "KeyUsageMicrosoftServerGatedCrypto"),
    (&[2, 16, 840, 1, 113730, 4, 1], "KeyUsageNetscapeServerGatedCrypto"),
    (&[1, 3, 6, 1, 4, 1, 311, 2, 1, 22], "KeyUsageMicrosoftCommercialCodeSigning"),
    (&[1, 3, 6, 1, 4, 1, 311, 61, 1, 1], "KeyUsageMicrosoftKernelCodeSigning"),
];

/// The tag of a URI among general names.
const URI: Tag = der::plain_field(6);

/// Go's number of a usage.
pub(super) fn usage_number(usage: &[u64]) -> Option<u64> {
    USAGES.iter().position(|(known, _)| *known == usage).map(|number| number as u64)
}

fn list(values: impl IntoIterator<Item = Value>) -> Value {
    let values: Vec<Value> = values.into_iter().collect();
    if values.is_empty() { Value::Null } else { values.into() }
}

fn object<const N: usize>(fields: [(&str, Value); N]) -> Value {
    fields.into_iter().map(|(key, value)| (Value::from(key), value)).collect::<BTreeMap<_, _>>().into()
}

fn numbers(numbers: &[u64]) -> Value {
    numbers.iter().map(|number| Value::from(*number)).collect::<Vec<_>>().into()
}

fn integer(number: &BigInt) -> Value {
    Value::from_numeric_string(&number.to_string()).unwrap_or(Value::Null)
}

/// Returns the certificate's fields. Those of name constraints are missing if the certificate has name constraints.
pub(super) fn of(certificate: &Certificate<'_>) -> Value {
    let texts = |texts: &[String]| list(texts.iter().map(|text| Value::from(text.as_str())));
    let (known, unknown): (Vec<_>, Vec<_>) =
        certificate.extended_key_usage.iter().partition(|usage| usage_number(usage).is_some());
    let constraints = certificate.constraints;
    let path = constraints.map(|constraints| constraints.longest_path);
    let authority = authority_access(certificate);
    let policies = policies(certificate).unwrap_or_default();
    let mut fields = vec![
        ("Raw", bytes(certificate.whole)),
        ("RawTBSCertificate", bytes(certificate.signed)),
        ("RawSubjectPublicKeyInfo", bytes(certificate.key.whole)),
        ("RawSubject", bytes(certificate.subject.whole)),
        ("RawIssuer", bytes(certificate.issuer.whole)),
        ("Signature", bytes(certificate.signature)),
        ("SignatureAlgorithm", certificate.algorithm.number.into()),
        ("Version", certificate.version.into()),
        ("SerialNumber", integer(&BigInt::from_signed_bytes_be(certificate.serial))),
        ("Issuer", name::document(certificate.issuer).unwrap_or(Value::Null)),
        ("Subject", name::document(certificate.subject).unwrap_or(Value::Null)),
        ("NotBefore", certificate.not_before.format("%Y-%m-%dT%H:%M:%SZ").to_string().into()),
        ("NotAfter", certificate.not_after.format("%Y-%m-%dT%H:%M:%SZ").to_string().into()),
        ("KeyUsage", certificate.key_usage.into()),
        ("ExtKeyUsage", list(known.into_iter().filter_map(|usage| usage_number(usage)).map(Value::from))),
        ("UnknownExtKeyUsage", list(unknown.into_iter().map(|usage| numbers(usage)))),
        ("Extensions", list(certificate.extensions.iter().map(extension))),
        ("ExtraExtensions", Value::Null),
        ("UnhandledCriticalExtensions", list(unhandled(certificate))),
        ("BasicConstraintsValid", constraints.is_some().into()),
        ("IsCA", certificate.is_authority().into()),
        ("MaxPathLen", path.map_or(Value::from(0u64), |path| path.map_or(Value::from(-1i64), Value::from))),
        ("MaxPathLenZero", (path == Some(Some(0))).into()),
        ("SubjectKeyId", key_id(certificate, 14)),
        ("AuthorityKeyId", key_id(certificate, 35)),
        ("DNSNames", texts(&certificate.names.domains)),
        ("EmailAddresses", texts(&certificate.names.mails)),
        ("IPAddresses", list(certificate.names.addresses.iter().map(|address| address.to_string().into()))),
        ("URIStrings", texts(&certificate.names.uris)),
        ("URIs", list(certificate.names.uris.iter().map(|uri| parsed_uri(uri)))),
        ("OCSPServer", texts(&authority.0)),
        ("IssuingCertificateURL", texts(&authority.1)),
        ("CRLDistributionPoints", texts(&distribution_points(certificate).unwrap_or_default())),
        ("PolicyIdentifiers", list(policies.iter().map(|policy| numbers(policy)))),
        ("Policies", list(policies.iter().map(|policy| dotted(policy)))),
        ("PolicyMappings", Value::Null),
    ];
    for key in ["InhibitAnyPolicy", "InhibitPolicyMapping", "RequireExplicitPolicy"] {
        fields.push((key, 0u64.into()));
    }
    for key in ["InhibitAnyPolicyZero", "InhibitPolicyMappingZero", "RequireExplicitPolicyZero"] {
        fields.push((key, false.into()));
    }
    if certificate.extension(30).is_none() {
        fields.push(("PermittedDNSDomainsCritical", false.into()));
        for key in [
            "PermittedDNSDomains",
            "PermittedEmailAddresses",
            "PermittedIPRanges",
            "PermittedURIDomains",
            "ExcludedDNSDomains",
            "ExcludedEmailAddresses",
            "ExcludedIPRanges",
            "ExcludedURIDomains",
        ] {
            fields.push((key, Value::Null));
        }
    }
    let (algorithm, key) = public_key(certificate.key);
    fields.extend([("PublicKeyAlgorithm", algorithm.into()), ("PublicKey", key)]);
    fields.into_iter().map(|(key, value)| (Value::from(key), value)).collect::<BTreeMap<_, _>>().into()
}

fn dotted(numbers: &[u64]) -> Value {
    numbers.iter().map(u64::to_string).collect::<Vec<_>>().join(".").into()
}

fn extension(extension: &Extension<'_>) -> Value {
    object([
        ("Id", numbers(&extension.kind)),
        ("Critical", extension.is_critical.into()),
        ("Value", bytes(extension.value)),
    ])
}

fn unhandled<'c>(certificate: &'c Certificate<'_>) -> impl Iterator<Item = Value> + 'c {
    let is_known = |number: Option<u64>| {
        number.is_some_and(|number| [14, 15, 17, 19, 30, 31, 32, 35, 37].contains(&number))
    };
    let unknown =
        certificate.extensions.iter().filter(move |found| found.is_critical && !is_known(found.number()));
    unknown.map(|found| numbers(&found.kind))
}

fn key_id(certificate: &Certificate<'_>, number: u64) -> Value {
    let id = certificate.extension(number).and_then(|extension| {
        if number == 14 {
            extension.element(Tag::OctetString).ok()
        } else {
            let mut parts = extension.element(Tag::Sequence).ok()?.reader().ok()?;
            der::optional(&mut parts, der::plain_field(0)).ok()?
        }
    });
    id.map_or(Value::Null, |id| bytes(id.content))
}

/// Returns the URIs of OCSP servers and of the issuer's certificate.
fn authority_access(certificate: &Certificate<'_>) -> (Vec<String>, Vec<String>) {
    const ACCESS: [u64; 9] = [1, 3, 6, 1, 5, 5, 7, 1, 1];
    let (mut states, mut issuers) = (Vec::new(), Vec::new());
    let access = certificate.extensions.iter().find(|extension| extension.kind == ACCESS);
    let entries = access.and_then(|access| access.element(Tag::Sequence).ok()?.parts().ok());
    for entry in entries.unwrap_or_default() {
        let Ok(mut parts) = entry.reader() else { continue };
        let mut next = || parts.decode::<Element<'_>>();
        let (Ok(kind), Ok(place)) = (next().and_then(|kind| kind.oid()), next()) else { continue };
        let Ok(uri) = String::from_utf8(place.content.to_vec()) else { continue };
        if place.tag != URI {
            continue;
        }
        match kind.last() {
            Some(1) => states.push(uri),
            Some(2) => issuers.push(uri),
            _ => {}
        }
    }
    (states, issuers)
}

fn first_field(element: Element<'_>) -> Option<Element<'_>> {
    der::optional(&mut element.reader().ok()?, der::field(0)).ok()?
}

fn distribution_points(certificate: &Certificate<'_>) -> Option<Vec<String>> {
    let mut uris = Vec::new();
    for point in certificate.extension(31)?.element(Tag::Sequence).ok()?.parts().ok()? {
        let Some(names) = first_field(point) else { continue };
        let Some(full) = first_field(names) else { continue };
        for name in full.parts().ok()? {
            if name.tag == URI {
                uris.push(String::from_utf8(name.content.to_vec()).ok()?);
            }
        }
    }
    Some(uris)
}

fn policies(certificate: &Certificate<'_>) -> Option<Vec<Vec<u64>>> {
    let policies = certificate.extension(32)?.element(Tag::Sequence).ok()?.parts().ok()?;
    let identifier = |policy: &Element<'_>| policy.reader().ok()?.decode::<Element<'_>>().ok()?.oid().ok();
    policies.iter().map(identifier).collect()
}

fn parsed_uri(text: &str) -> Value {
    let Ok(uri) = Uri::parse(text) else { return Value::Null };
    uri.go_fields()
}

/// Returns Go's number for the key's algorithm, and the key.
fn public_key(key: Element<'_>) -> (u64, Value) {
    let bits = || {
        let mut parts = key.reader().ok()?;
        parts.decode::<Element<'_>>().ok()?;
        der::whole_bits(parts.decode::<BitStringRef<'_>>().ok()?).ok()
    };
    let point = || {
        let coordinates = bits()?.strip_prefix(&[4])?;
        let (x, y) = coordinates.split_at(coordinates.len() / 2);
        let number = |bytes: &[u8]| integer(&BigInt::from_bytes_be(num_bigint::Sign::Plus, bytes));
        Some(object([("Curve", Value::new_object()), ("X", number(x)), ("Y", number(y))]))
    };
    match PublicKey::from_spki(key) {
        Some(PublicKey::Rsa(rsa)) => {
            let fields = [("N", integer(&rsa.modulus.into())), ("E", integer(&rsa.exponent.into()))];
            (1, object(fields))
        }
        Some(PublicKey::P256(_) | PublicKey::P384(_) | PublicKey::P521(_)) => {
            (3, point().unwrap_or(Value::Null))
        }
        Some(PublicKey::Ed25519(_)) => (4, bits().map_or(Value::Null, bytes)),
        Some(PublicKey::Other) | None => (0, Value::Null),
    }
}
