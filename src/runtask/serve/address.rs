//! Where requests may go: a payload names addresses, and only those of hosts that were allowed are asked.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use thiserror::Error;
use ureq::http::Uri;

use crate::runtask::RunTaskError;

/// A host that may be asked, over HTTPS. Only this machine may be asked without TLS, for tests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AllowedHost {
    scheme: Scheme,
    host: String,
    port: u16,
}

/// Why a text names no host that may be allowed.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum HostError {
    /// It is something else.
    #[error("it is not a host, such as `app.terraform.io` or `tfe.example.com:8443`")]
    Shape,
    /// It is asked without TLS.
    #[error("only an address of this machine, such as http://127.0.0.1:8080, may be asked without TLS")]
    Plain,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scheme {
    Https,
    /// On the loopback interface alone.
    Http,
}

impl Scheme {
    fn of(uri: &Uri) -> Option<Self> {
        match uri.scheme_str() {
            Some("https") => Some(Self::Https),
            Some("http") => Some(Self::Http),
            _ => None,
        }
    }

    const fn port(self) -> u16 {
        match self {
            Self::Https => 443,
            Self::Http => 80,
        }
    }

    const fn as_str(self) -> &'static str {
        match self {
            Self::Https => "https",
            Self::Http => "http",
        }
    }
}

impl AllowedHost {
    /// The host, scheme and port of an address without a user and a password.
    fn of(uri: &Uri) -> Option<Self> {
        let scheme = Scheme::of(uri)?;
        let authority = uri.authority().filter(|authority| !authority.as_str().contains('@'))?;
        let host = Some(authority.host()).filter(|host| !host.is_empty())?.to_ascii_lowercase();
        // A port that is no number is not the usual one.
        let port = match authority.port() {
            Some(port) => port.as_str().parse().ok()?,
            None => scheme.port(),
        };
        Some(Self { scheme, host, port })
    }

    fn is_this_machine(&self) -> bool {
        let address = self.host.trim_start_matches('[').trim_end_matches(']');
        address.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
    }
}

impl FromStr for AllowedHost {
    type Err = HostError;

    fn from_str(text: &str) -> Result<Self, HostError> {
        let address = if text.contains("://") { text.to_owned() } else { format!("https://{text}") };
        let uri: Uri = address.parse().map_err(|_| HostError::Shape)?;
        if uri.path_and_query().is_some_and(|path| path.as_str() != "/") {
            return Err(HostError::Shape);
        }
        let allowed = Self::of(&uri).ok_or(HostError::Shape)?;
        if allowed.scheme == Scheme::Http && !allowed.is_this_machine() {
            return Err(HostError::Plain);
        }
        Ok(allowed)
    }
}

impl fmt::Display for AllowedHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { scheme, host, port } = self;
        write!(f, "{}://{host}", scheme.as_str())?;
        if *port == scheme.port() { Ok(()) } else { write!(f, ":{port}") }
    }
}

/// The hosts that may be asked.
#[derive(Clone, Debug)]
pub struct Hosts {
    /// Those that get the access token of the run.
    pub api: Vec<AllowedHost>,
    /// Those that the API may send elsewhere for a plan. They do not get the token.
    pub download: Vec<AllowedHost>,
}

impl Hosts {
    /// An address that gets the access token of a run.
    pub(super) fn of_api(&self, what: &'static str, address: &str) -> Result<Uri, RunTaskError> {
        allowed(what, address, self.api.iter())
    }

    /// An address that the API sends elsewhere for a plan.
    pub(super) fn of_download(&self, address: &str) -> Result<Uri, RunTaskError> {
        allowed("the redirect of plan_json_api_url", address, self.api.iter().chain(&self.download))
    }
}

fn allowed<'h>(
    what: &'static str,
    address: &str,
    mut hosts: impl Iterator<Item = &'h AllowedHost>,
) -> Result<Uri, RunTaskError> {
    let refused = |host: String| RunTaskError::Host { what, host };
    // The rest of an address may be a secret: the host alone is named.
    let uri: Uri = address.parse().map_err(|_| refused("what is no address".to_owned()))?;
    let asked =
        AllowedHost::of(&uri).ok_or_else(|| refused("what is no address of a web server".to_owned()))?;
    if hosts.any(|host| *host == asked) { Ok(uri) } else { Err(refused(asked.to_string())) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host(text: &str) -> Result<String, HostError> {
        text.parse::<AllowedHost>().map(|host| host.to_string())
    }

    #[test]
    fn hosts_are_read() {
        for (text, expected) in [
            ("app.terraform.io", Ok("https://app.terraform.io")),
            ("https://App.Terraform.io/", Ok("https://app.terraform.io")),
            ("tfe.example.com:8443", Ok("https://tfe.example.com:8443")),
            ("http://127.0.0.1:8080", Ok("http://127.0.0.1:8080")),
            ("http://[::1]:8080", Ok("http://[::1]:8080")),
            ("http://app.terraform.io", Err(HostError::Plain)),
            ("http://169.254.169.254", Err(HostError::Plain)),
            // A name may lead anywhere.
            ("http://localhost:8080", Err(HostError::Plain)),
            ("ftp://app.terraform.io", Err(HostError::Shape)),
            ("app.terraform.io/api", Err(HostError::Shape)),
            ("me@app.terraform.io", Err(HostError::Shape)),
            ("", Err(HostError::Shape)),
            ("a b", Err(HostError::Shape)),
        ] {
            assert_eq!(host(text), expected.map(str::to_owned), "{text}");
        }
    }

    #[test]
    fn only_allowed_hosts_are_asked() {
        let list = |texts: &[&str]| texts.iter().map(|text| text.parse().unwrap()).collect();
        let hosts = Hosts { api: list(&["app.terraform.io"]), download: list(&["archivist.terraform.io"]) };
        let api = |address| hosts.of_api("plan_json_api_url", address).is_ok();
        for address in
            ["https://app.terraform.io/api/v2/plans/p/json-output", "https://app.terraform.io:443/a"]
        {
            assert!(api(address), "{address}");
        }
        for address in [
            "http://app.terraform.io/a",
            "https://app.terraform.io:8443/a",
            "https://app.terraform.io.example.com/a",
            "https://example.com/app.terraform.io",
            "https://app.terraform.io@example.com/a",
            "https://example.com@app.terraform.io/a",
            "https://app.terraform.io\\@example.com/a",
            "https://archivist.terraform.io/a",
            "https://169.254.169.254/latest/meta-data",
            "https://127.0.0.1/a",
            "file:///etc/passwd",
            "/api/v2/plans/p",
            "//app.terraform.io/a",
            "",
        ] {
            assert!(!api(address), "{address}");
        }
        assert!(hosts.of_download("https://archivist.terraform.io/v1/object/secret").is_ok());
        let refused = hosts.of_download("https://example.com/v1/object/secret").unwrap_err().to_string();
        assert!(refused.contains("https://example.com") && !refused.contains("secret"), "{refused}");
    }
}
