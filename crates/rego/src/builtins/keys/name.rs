//! Turns the names in certificates into documents.

use std::collections::BTreeMap;

use regorus::Value;

use super::der::{Element, Reader, Tag};

/// Go's fields by the last number of the attribute's identifier below 2.5.4.
const FIELDS: [(u64, &str); 7] = [
    (6, "Country"),
    (10, "Organization"),
    (11, "OrganizationalUnit"),
    (7, "Locality"),
    (8, "Province"),
    (9, "StreetAddress"),
    (17, "PostalCode"),
];

/// Returns the text of a string in one of ASN.1's encodings.
fn text(element: Element<'_>) -> Option<String> {
    match element.tag {
        Tag::Utf8String | Tag::NumericString | Tag::PrintableString | Tag::Ia5String => {
            String::from_utf8(element.content.to_vec()).ok()
        }
        // Go takes it for ISO 8859-1.
        Tag::TeletexString => Some(element.content.iter().map(|byte| char::from(*byte)).collect()),
        Tag::BmpString if element.content.len().is_multiple_of(2) => {
            let units: Vec<u16> =
                element.content.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]])).collect();
            String::from_utf16(&units).ok()
        }
        _ => None,
    }
}

/// Returns a name in Go's fields.
pub(super) fn document(name: Element<'_>) -> Option<Value> {
    let mut lists: BTreeMap<&str, Vec<Value>> = BTreeMap::new();
    let (mut common_name, mut serial_number) = (String::new(), String::new());
    let mut names = Vec::new();
    for set in name.parts().ok()? {
        for attribute in set.parts().ok()? {
            let mut parts = attribute.reader().ok()?;
            let kind = parts.decode::<Element<'_>>().ok()?.oid().ok()?;
            let Some(value) = text(parts.decode().ok()?) else { continue };
            if let [2, 5, 4, last] = kind[..] {
                if let Some((_, field)) = FIELDS.iter().find(|(number, _)| *number == last) {
                    lists.entry(field).or_default().push(value.as_str().into());
                } else if last == 3 {
                    common_name.clone_from(&value);
                } else if last == 5 {
                    serial_number.clone_from(&value);
                }
            }
            let kind: Vec<Value> = kind.into_iter().map(Value::from).collect();
            let entry = [("Type", Value::from(kind)), ("Value", value.into())];
            names.push(Value::from(
                entry.map(|(key, value)| (Value::from(key), value)).into_iter().collect::<BTreeMap<_, _>>(),
            ));
        }
    }
    let mut fields: BTreeMap<Value, Value> = BTreeMap::new();
    for (_, field) in FIELDS {
        let values = lists.remove(field).map_or(Value::Null, Value::from);
        fields.insert(field.into(), values);
    }
    fields.insert("CommonName".into(), common_name.into());
    fields.insert("SerialNumber".into(), serial_number.into());
    fields.insert("Names".into(), if names.is_empty() { Value::Null } else { names.into() });
    fields.insert("ExtraNames".into(), Value::Null);
    Some(fields.into())
}
