//! Verifies chains of certificates by the rules of Go's `x509.Certificate.Verify`.

use std::net::IpAddr;

use chrono::{DateTime, TimeZone, Utc};
use regorus::Value;

use super::certificate::Certificate;
use super::document::{USAGES, usage_number};
use super::public::{Numbers, PublicKey};
use crate::builtins::Failure;

/// The number of signatures that are verified at most. Many certificates with the same name allow many orders.
const MOST_SIGNATURES: usize = 100;

/// The bit of `keyCertSign`.
const SIGNS_CERTIFICATES: u64 = 1 << 5;

/// Extensions below 2.5.29 whose meaning is known: subject key, key usage, alternative names, basic constraints, name
/// constraints, distribution points, policies, authority key and extended key usage.
const KNOWN: [u64; 9] = [14, 15, 17, 19, 30, 31, 32, 35, 37];

/// The name, the time and the usages that a chain is verified for.
#[derive(Default)]
pub(super) struct Options {
    name: Option<String>,
    time: Option<DateTime<Utc>>,
    /// Go's numbers. If empty, the usage is server authentication.
    usages: Vec<u64>,
}

impl Options {
    /// Reads OPA's options.
    pub(super) fn read(value: &Value) -> Result<Self, Failure> {
        let Value::Object(fields) = value else {
            return Err(Failure::unsuitable("operand 2 must be object"));
        };
        let mut options = Self::default();
        for (key, value) in fields.iter_sorted() {
            match key.as_string().map(|key| key.as_ref()) {
                Ok("DNSName") => {
                    let name =
                        value.as_string().map_err(|_| Failure::unsuitable("'DNSName' should be a string"))?;
                    options.name = Some(name.to_string()).filter(|name| !name.is_empty());
                }
                Ok("CurrentTime") => {
                    let time = value.as_i64();
                    let time = time.map_err(|_| Failure::unsuitable("'CurrentTime' should be a number"))?;
                    options.time = Some(Utc.timestamp_nanos(time));
                }
                Ok("MaxConstraintComparisons") => {
                    value
                        .as_i64()
                        .map_err(|_| Failure::unsuitable("'MaxConstraintComparisons' should be a number"))?;
                }
                Ok("KeyUsages") => {
                    let usages: Vec<Value> = match value {
                        Value::Array(usages) => usages.to_vec(),
                        Value::Set(usages) => usages.iter_sorted().cloned().collect(),
                        _ => return Err(Failure::unsuitable("'KeyUsages' should be an Array or Set")),
                    };
                    for usage in &usages {
                        let Value::String(name) = usage else { continue };
                        let number = USAGES.iter().position(|(_, known)| *known == name.as_ref());
                        let invalid = || {
                            Failure::unsuitable(format!("invalid entries for 'KeyUsages' found: [{name}]"))
                        };
                        options.usages.push(number.ok_or_else(invalid)? as u64);
                    }
                }
                _ => return Err(Failure::unsuitable("invalid key option")),
            }
        }
        Ok(options)
    }
}

/// Returns the chain from the last certificate to the first, which is the trusted root; `None` if it is not valid.
pub(super) fn verified<'c, 'd>(
    certificates: &'c [Certificate<'d>],
    options: &Options,
) -> Result<Option<Vec<&'c Certificate<'d>>>, Failure> {
    let [root, between @ .., leaf] = certificates else { return Ok(None) };
    let mut search = Search {
        root,
        between,
        time: options.time.unwrap_or_else(Utc::now),
        usages: if options.usages.is_empty() { vec![1] } else { options.usages.clone() },
        left: MOST_SIGNATURES,
    };
    if !search.is_sound(leaf) || options.name.as_ref().is_some_and(|name| !is_for(leaf, name)) {
        return Ok(None);
    }
    let mut chain = vec![leaf];
    // The root needs no other certificate.
    let is_found = if leaf.whole == root.whole { search.suits(&chain) } else { search.extend(&mut chain)? };
    Ok(is_found.then_some(chain))
}

struct Search<'c, 'd> {
    root: &'c Certificate<'d>,
    between: &'c [Certificate<'d>],
    time: DateTime<Utc>,
    usages: Vec<u64>,
    left: usize,
}

impl<'c, 'd> Search<'c, 'd> {
    /// Returns whether the certificate is valid at the time and has no unknown critical extension.
    fn is_sound(&self, certificate: &Certificate<'_>) -> bool {
        let is_understood = |number: Option<u64>| number.is_some_and(|number| KNOWN.contains(&number));
        certificate.not_before <= self.time
            && self.time <= certificate.not_after
            && certificate
                .extensions
                .iter()
                .all(|extension| !extension.is_critical || is_understood(extension.number()))
    }

    /// Adds certificates to the chain until the root is reached.
    fn extend(&mut self, chain: &mut Vec<&'c Certificate<'d>>) -> Result<bool, Failure> {
        let Some(last) = chain.last().copied() else { return Ok(false) };
        for (parent, is_root) in
            std::iter::once((self.root, true)).chain(self.between.iter().map(|parent| (parent, false)))
        {
            let is_used = chain
                .iter()
                .any(|used| used.subject.whole == parent.subject.whole && used.key.whole == parent.key.whole);
            // Only the root may be a certificate that does not say whether it is an authority, as those of version 1:
            // otherwise the holder of any such certificate could sign others.
            if is_used
                || last.issuer.whole != parent.subject.whole
                || !self.may_sign(parent, chain.len() - 1)
                || (!is_root && !parent.is_authority())
            {
                continue;
            }
            if self.left == 0 {
                return Err(Failure::TooLarge(format!("more than {MOST_SIGNATURES} signatures to verify")));
            }
            self.left -= 1;
            if !signs(parent, last) {
                continue;
            }
            if parent.extension(30).is_some() {
                return Err(Failure::Unsupported(
                    "certificates with name constraints are not supported".to_owned(),
                ));
            }
            chain.push(parent);
            if if is_root { self.suits(chain) } else { self.extend(chain)? } {
                return Ok(true);
            }
            chain.pop();
        }
        Ok(false)
    }

    fn may_sign(&self, parent: &Certificate<'_>, between: usize) -> bool {
        let constraints_allow = match parent.constraints {
            Some(constraints) => {
                let path_fits = constraints.longest_path.is_none_or(|longest| between as u64 <= longest);
                constraints.is_authority && path_fits
            }
            None => parent.version < 3,
        };
        constraints_allow
            && (parent.key_usage == 0 || parent.key_usage & SIGNS_CERTIFICATES != 0)
            && self.is_sound(parent)
    }

    /// Returns whether all certificates allow one of the usages.
    fn suits(&self, chain: &[&Certificate<'_>]) -> bool {
        const ANY: u64 = 0;
        if self.usages.contains(&ANY) {
            return true;
        }
        let allows = |certificate: &Certificate<'_>, usage: u64| {
            let allowed = &certificate.extended_key_usage;
            allowed.is_empty()
                || allowed
                    .iter()
                    .filter_map(|allowed| usage_number(allowed))
                    .any(|allowed| allowed == ANY || allowed == usage)
        };
        self.usages.iter().any(|usage| chain.iter().all(|certificate| allows(certificate, *usage)))
    }
}

fn signs(parent: &Certificate<'_>, child: &Certificate<'_>) -> bool {
    match (child.algorithm.scheme, PublicKey::from_spki(parent.key)) {
        (Some(scheme), Some(key)) => key.verifies(scheme, Numbers::Der, child.signed, child.signature),
        (None, _) | (_, None) => false,
    }
}

/// Returns whether the certificate is valid for a domain or an address (RFC 6125, section 6.4).
fn is_for(certificate: &Certificate<'_>, name: &str) -> bool {
    let unbracketed = name.strip_prefix('[').and_then(|name| name.strip_suffix(']')).unwrap_or(name);
    if let Ok(address) = unbracketed.parse::<IpAddr>() {
        return certificate.names.addresses.contains(&address);
    }
    let name = name.trim_end_matches('.').to_ascii_lowercase();
    certificate.names.domains.iter().any(|pattern| {
        let pattern = pattern.trim_end_matches('.').to_ascii_lowercase();
        match (pattern.strip_prefix("*."), name.split_once('.')) {
            (Some(rest), Some((first, domain))) => !first.is_empty() && rest == domain,
            _ => !name.is_empty() && pattern == name,
        }
    })
}
