//! Names under which a configuration holds credentials.

/// What the name of an argument contains if its value is one. Names are compared in lower case.
const PARTS: [&str; 13] = [
    "password",
    "passwd",
    "passphrase",
    "secret",
    "token",
    "access_key",
    "api_key",
    "app_key",
    "private_key",
    "client_key",
    "credential",
    "connection_string",
    "authorization",
];

/// What it ends with if its value only says where the credential is, or what kind of one it is.
const ABOUT: [&str; 13] = [
    "_file",
    "_files",
    "_path",
    "_name",
    "_arn",
    "_type",
    "_ttl",
    "_url",
    "_uri",
    "_endpoint",
    "_expiration",
    "_version",
    "_location",
];

/// Services of clouds whose names contain such a part. An argument that is named like one says where it is reached.
const SERVICES: [&str; 3] = ["secretsmanager", "secrets_manager", "secretmanager"];

/// Whether an argument of this name holds a credential.
pub(super) fn is_credential(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    PARTS.iter().any(|part| name.contains(part))
        && !ABOUT.iter().any(|ending| name.ends_with(ending))
        && !SERVICES.contains(&name.as_str())
}

#[cfg(test)]
mod tests {
    use super::is_credential;

    #[test]
    fn names_tell_credentials_from_what_is_about_them() {
        for name in ["password", "secret_key", "access_key", "vault_token", "secret_id", "Authorization"] {
            assert!(is_credential(name), "{name}");
        }
        for name in
            ["region", "token_ttl", "shared_credentials_files", "client_id", "secret_name", "secretsmanager"]
        {
            assert!(!is_credential(name), "{name}");
        }
    }
}
