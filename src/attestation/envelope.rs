//! The envelope of an attestation: DSSE with one ed25519 signature.
//!
//! <https://github.com/secure-systems-lab/dsse/blob/master/protocol.md> describes it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use super::key::{PublicKey, Signer};
use super::{AttestationError, NotAccepted, Refusal, Statement, strict};

/// The type of the payload.
pub(super) const PAYLOAD_TYPE: &str = "application/vnd.in-toto+json";

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Envelope {
    payload: String,
    #[serde(rename = "payloadType")]
    payload_type: String,
    signatures: Vec<EnvelopeSignature>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct EnvelopeSignature {
    /// A hint that nobody signed: it only chooses the words of a refusal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    keyid: Option<String>,
    sig: String,
}

/// The bytes that are signed (PAE).
fn signed_bytes(payload_type: &str, payload: &[u8]) -> Vec<u8> {
    let mut bytes = format!("DSSEv1 {} {payload_type} {} ", payload_type.len(), payload.len()).into_bytes();
    bytes.extend(payload);
    bytes
}

/// The text of the file: the statement in an envelope that this key signed.
///
/// # Errors
///
/// None so far.
pub fn seal(statement: &Statement, signer: &Signer) -> Result<String, AttestationError> {
    let incomplete = |_| AttestationError::Incomplete { what: "statement that can be written as JSON" };
    let payload = statement.to_json().map_err(incomplete)?;
    let envelope = Envelope {
        payload: STANDARD.encode(&payload),
        payload_type: PAYLOAD_TYPE.to_owned(),
        signatures: vec![EnvelopeSignature {
            keyid: Some(signer.id().as_str().to_owned()),
            sig: STANDARD.encode(signer.sign(&signed_bytes(PAYLOAD_TYPE, payload.as_bytes()))),
        }],
    };
    Ok(serde_json::to_string_pretty(&envelope).map_err(incomplete)? + "\n")
}

/// The statement in an envelope, if this key signed it. Nothing of the payload is read before.
///
/// # Errors
///
/// If it is no envelope as planguard writes it, if the key did not sign it, or if its payload is no statement that this
/// version reads.
pub fn open(text: &str, key: &PublicKey) -> Result<Statement, NotAccepted> {
    let no_envelope = |reason: String| AttestationError::NoEnvelope { reason };
    let Envelope { payload, payload_type, signatures } = strict::read(text).map_err(no_envelope)?;
    if payload_type != PAYLOAD_TYPE {
        return Err(AttestationError::PayloadType { found: payload_type }.into());
    }
    let [EnvelopeSignature { keyid, sig }] = &signatures[..] else {
        let reason = format!("it has {} signatures, and planguard writes one", signatures.len());
        return Err(no_envelope(reason).into());
    };
    let decoded = |name: &str, text: &str| {
        let decoded = STANDARD.decode(text);
        decoded
            .map_err(|error| no_envelope(format!("`{name}` is not base64 as planguard writes it: {error}")))
    };
    let payload = decoded("payload", &payload)?;
    let signature = decoded("sig", sig)?;
    if !key.verifies(&signed_bytes(PAYLOAD_TYPE, &payload), &signature) {
        let key = key.id().clone();
        let is_named = keyid.as_deref() == Some(key.as_str());
        return Err(if is_named { Refusal::Changed { key } } else { Refusal::OtherKey { key } }.into());
    }
    let payload = String::from_utf8(payload)
        .map_err(|_| AttestationError::InvalidStatement { reason: "it is not UTF-8".to_owned() })?;
    Ok(Statement::read(&payload)?)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::key::tests::{PUBLIC, public, signer};
    use super::super::of_report::tests::statement;
    use super::*;

    fn sealed() -> Value {
        serde_json::from_str(&seal(&statement(), &signer()).unwrap()).unwrap()
    }

    fn opened(envelope: &Value) -> Result<Statement, NotAccepted> {
        open(&envelope.to_string(), &public())
    }

    fn code(result: Result<Statement, NotAccepted>) -> String {
        miette::Diagnostic::code(&result.unwrap_err()).unwrap().to_string()
    }

    /// Signs any payload as planguard would.
    fn signed(payload: &[u8]) -> Value {
        let sig = signer().sign(&signed_bytes(PAYLOAD_TYPE, payload));
        json!({
            "payload": STANDARD.encode(payload), "payloadType": PAYLOAD_TYPE,
            "signatures": [{"keyid": signer().id().as_str(), "sig": STANDARD.encode(sig)}],
        })
    }

    #[test]
    fn what_is_signed_agrees_with_the_example_of_the_specification() {
        // The test vector of protocol.md.
        let bytes = signed_bytes("http://example.com/HelloWorld", b"hello world");
        assert_eq!(bytes, b"DSSEv1 29 http://example.com/HelloWorld 11 hello world");
    }

    #[test]
    fn what_was_sealed_is_opened() {
        let mut envelope = sealed();
        assert_eq!(opened(&envelope).unwrap(), statement());
        // The key id is only a hint: neither another one nor none keeps the right key from verifying.
        envelope["signatures"][0]["keyid"] = "00".into();
        assert!(opened(&envelope).is_ok());
        envelope["signatures"][0].as_object_mut().unwrap().remove("keyid");
        assert!(opened(&envelope).is_ok());
    }

    #[test]
    fn what_was_changed_or_signed_by_another_key_is_refused() {
        let tampered = |change: &dyn Fn(&mut Statement)| {
            let mut statement = statement();
            change(&mut statement);
            let mut envelope = sealed();
            envelope["payload"] = STANDARD.encode(statement.to_json().unwrap()).into();
            envelope
        };
        let changed = tampered(&|statement| statement.predicate.verdict = super::super::Verdict::Denied);
        assert_eq!(code(opened(&changed)), "PG-AT-022");
        let mut signature = sealed();
        signature["signatures"][0]["sig"] = STANDARD.encode([0; 64]).into();
        assert_eq!(code(opened(&signature)), "PG-AT-022");
        signature["signatures"][0]["sig"] = STANDARD.encode([1; 63]).into();
        assert_eq!(code(opened(&signature)), "PG-AT-022");
        // The key of RFC 8032, section 7.1, TEST 2.
        let other = PUBLIC.replace(
            "MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=",
            "MCowBQYDK2VwAyEAPUAXw+hDiVqStwqnTRt+vJyYLM8uxJaMwM1V8Sr0Zgw=",
        );
        let other = PublicKey::from_pem(&other, String::new()).unwrap();
        assert_eq!(code(open(&sealed().to_string(), &other)), "PG-AT-021");
        // A hint to the key of the reader does not make another key's signature good.
        let mut confused = sealed();
        confused["signatures"][0]["keyid"] = other.id().as_str().into();
        assert_eq!(code(open(&confused.to_string(), &other)), "PG-AT-022");
    }

    #[test]
    fn an_envelope_has_one_form() {
        let text = sealed().to_string();
        let changed = |change: &dyn Fn(&mut Value)| {
            let mut envelope = sealed();
            change(&mut envelope);
            envelope.to_string()
        };
        let respelled = |name: &str, change: &dyn Fn(String) -> String| {
            changed(&|envelope: &mut Value| {
                let field = match name {
                    "sig" => &mut envelope["signatures"][0]["sig"],
                    name => &mut envelope[name],
                };
                *field = change(field.as_str().unwrap().to_owned()).into();
            })
        };
        let url_safe = |text: String| text.replace('+', "-").replace('/', "_");
        // A signature of 64 bytes has padding, whose last bits are zero.
        let loose = |text: String| {
            let last = text.trim_end_matches('=').len() - 1;
            let (head, tail) = text.split_at(last);
            let next = char::from(tail.as_bytes()[0] + 1);
            format!("{head}{next}{}", &tail[1..])
        };
        for (text, wanted) in [
            (String::new(), "PG-AT-014"),
            ("[]".to_owned(), "PG-AT-014"),
            (format!("{text} {text}"), "PG-AT-014"),
            (text.replacen('{', "{\"payloadType\":\"x\",", 1), "PG-AT-014"),
            (text.replacen("\"sig\"", "\"sig\":\"AAAA\",\"sig\"", 1), "PG-AT-014"),
            (changed(&|envelope| envelope["more"] = 1.into()), "PG-AT-014"),
            (changed(&|envelope| envelope["signatures"][0]["cert"] = "x".into()), "PG-AT-014"),
            (changed(&|envelope| envelope["signatures"] = json!([])), "PG-AT-014"),
            (
                changed(&|envelope| {
                    let signature = envelope["signatures"][0].clone();
                    envelope["signatures"].as_array_mut().unwrap().push(signature);
                }),
                "PG-AT-014",
            ),
            (
                changed(&|envelope| {
                    let sig = envelope["signatures"][0]["sig"].clone();
                    envelope["signatures"] = json!([[null, sig]]);
                }),
                "PG-AT-014",
            ),
            (changed(&|envelope| envelope["payloadType"] = "application/json".into()), "PG-AT-015"),
            (respelled("sig", &url_safe), "PG-AT-014"),
            (respelled("sig", &|text| text.trim_end_matches('=').to_owned()), "PG-AT-014"),
            (respelled("sig", &loose), "PG-AT-014"),
            (respelled("payload", &|text| format!("{text}\n")), "PG-AT-014"),
            (respelled("payload", &|text| format!(" {text}")), "PG-AT-014"),
        ] {
            let opened = open(&text, &public());
            assert_eq!(code(opened), wanted, "{text}");
        }
    }

    #[test]
    fn no_part_of_an_envelope_can_be_left_out_or_exchanged() {
        let text = seal(&statement(), &signer()).unwrap();
        let text = text.trim_end();
        for end in 0..text.len() {
            assert_eq!(code(open(&text[..end], &public())), "PG-AT-014", "{end}");
        }
        // To verify takes long without optimisation, so that only some letters of the payload and the signature are exchanged.
        let letters = text.char_indices().filter(|(_, letter)| letter.is_ascii_alphanumeric()).step_by(61);
        let hint = text.find("\"keyid\": ").unwrap()..text.find("\"sig\": ").unwrap();
        for (at, letter) in letters.filter(|(at, _)| !hint.contains(at)) {
            let other = if letter == 'A' { 'B' } else { 'A' };
            let changed = format!("{}{other}{}", &text[..at], &text[at + 1..]);
            assert!(open(&changed, &public()).is_err(), "{changed}");
        }
    }

    #[test]
    fn a_signed_payload_is_read_strictly_as_well() {
        let good: Value = serde_json::from_str(&statement().to_json().unwrap()).unwrap();
        let changed = |change: &dyn Fn(&mut Value)| {
            let mut payload = good.clone();
            change(&mut payload);
            payload.to_string()
        };
        let text = good.to_string();
        assert!(opened(&signed(text.as_bytes())).is_ok());
        for (payload, wanted) in [
            (changed(&|payload| payload["_type"] = "https://in-toto.io/Statement/v0.1".into()), "PG-AT-016"),
            (
                changed(&|payload| payload["predicateType"] = "urn:planguard:attestation:check:v2".into()),
                "PG-AT-016",
            ),
            (
                changed(&|payload| payload["predicateType"] = "https://slsa.dev/provenance/v1".into()),
                "PG-AT-016",
            ),
            (changed(&|payload| payload["predicate"]["more"] = 1.into()), "PG-AT-017"),
            (changed(&|payload| payload["more"] = 1.into()), "PG-AT-017"),
            (changed(&|payload| payload["subject"] = json!([])), "PG-AT-017"),
            (changed(&|payload| payload["subject"][0]["digest"]["sha256"] = "AB".into()), "PG-AT-017"),
            (changed(&|payload| payload["subject"][0]["digest"]["sha1"] = "ab".into()), "PG-AT-017"),
            (changed(&|payload| payload["predicate"]["verdict"] = "passed".into()), "PG-AT-017"),
            (changed(&|payload| payload["predicate"]["exit_code"] = 1.into()), "PG-AT-017"),
            (
                changed(&|payload| payload["predicate"]["expires_at"] = "2020-01-01T00:00:00Z".into()),
                "PG-AT-017",
            ),
            (text.replacen("\"verdict\"", "\"verdict\":\"pass\",\"verdict\"", 1), "PG-AT-017"),
            (text.replacen("\"_type\"", "\"_type\":\"x\",\"_type\"", 1), "PG-AT-017"),
            ("[]".to_owned(), "PG-AT-017"),
            (String::new(), "PG-AT-017"),
        ] {
            assert_eq!(code(opened(&signed(payload.as_bytes()))), wanted, "{payload}");
        }
        assert_eq!(code(opened(&signed(b"\xff"))), "PG-AT-017");
    }
}
