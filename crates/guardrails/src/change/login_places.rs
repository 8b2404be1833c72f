//! Where a login sends its users: the addresses that an identity provider returns to, and the names of login pages.

use planguard_plan::{AttributePath, ResourceState, Value};
use planguard_rule::Severity;

use super::ChangeFinding;
use super::changes::Changes;
use super::compare::{Pair, Sight, places, shown, sight};

/// Types with addresses that a login returns to, which gets the code or the token of the user.
const RETURNS: &[(&str, &[&[&str]])] = &[
    ("auth0_client", &[&["callbacks"]]),
    ("aws_cognito_user_pool_client", &[&["callback_urls"], &["default_redirect_uri"], &["logout_urls"]]),
    (
        "azuread_application",
        &[
            &["web", "redirect_uris"],
            &["single_page_application", "redirect_uris"],
            &["public_client", "redirect_uris"],
        ],
    ),
    ("azuread_application_redirect_uris", &[&["redirect_uris"]]),
    ("gitlab_application", &[&["redirect_url"]]),
    ("google_identity_platform_config", &[&["authorized_domains"]]),
    ("keycloak_openid_client", &[&["valid_redirect_uris"]]),
    ("okta_app_oauth", &[&["redirect_uris"]]),
    ("okta_app_saml", &[&["sso_url"], &["recipient"]]),
    ("vault_identity_oidc_client", &[&["redirect_uris"]]),
    ("vault_jwt_auth_backend_role", &[&["allowed_redirect_uris"]]),
];

/// Types of records, and the attributes with where they lead.
const RECORDS: &[(&str, &str)] = &[
    ("aws_route53_record", "records"),
    ("azurerm_dns_cname_record", "record"),
    ("cloudflare_dns_record", "content"),
    ("cloudflare_record", "content"),
    ("digitalocean_record", "value"),
    ("google_dns_record_set", "rrdatas"),
];

/// First parts of names at which people, or programs, show who they are.
const LOGINS: [&str; 14] = [
    "accounts", "admin", "auth", "id", "identity", "idp", "login", "oauth", "oauth2", "portal", "signin",
    "sso", "vault", "vpn",
];

/// The finding for a login that sends its users, or their codes, to a place in other hands, or unencrypted.
pub(super) fn moved(plan: &Changes<'_>, pair: &Pair<'_>) -> Option<ChangeFinding> {
    returns_elsewhere(pair).or_else(|| leads_elsewhere(plan, pair))
}

fn returns_elsewhere(pair: &Pair<'_>) -> Option<ChangeFinding> {
    let address = &pair.resource.address;
    let (_, ways) = RETURNS.iter().find(|(name, _)| *name == address.resource_type)?;
    ways.iter().find_map(|way| {
        let texts = |state: &ResourceState<'_>| -> Vec<(String, Option<String>, AttributePath)> {
            let root = state.root();
            let lists = places(&root, way).into_iter();
            let elements = lists.flat_map(|list| list.elements().unwrap_or_default());
            elements
                .filter_map(|element| {
                    let Sight::Known(Value::String(text)) = sight(&element) else { return None };
                    Some((text.to_string(), shown(&element), element.path().clone()))
                })
                .collect()
        };
        let (before, after) = (texts(&pair.before), texts(&pair.after));
        // Where nothing was allowed, what comes is a login of its own.
        if before.is_empty() {
            return None;
        }
        let new = after.iter().filter(|(text, ..)| before.iter().all(|(old, ..)| old != text));
        let mut told = new.filter_map(|(text, shown, path)| {
            let why = why(text, &before.iter().map(|(old, ..)| old.as_str()).collect::<Vec<_>>())?;
            Some((shown, path, why))
        });
        let (named, path, (why, severity)) = told.next()?;
        let named = named.clone().unwrap_or_else(|| "an address".to_owned());
        let message = format!("{address} lets a login return to {named}, {why}");
        Some(ChangeFinding::on(pair.resource, message).at(path.clone()).weighing(severity))
    })
}

/// Why an address should not get what a login returns.
fn why(new: &str, old: &[&str]) -> Option<(&'static str, Severity)> {
    let host = host(new)?;
    if is_own_machine(host) {
        return None;
    }
    let has_wildcard = |text: &str| text.contains('*');
    match () {
        () if new.starts_with("http://")
            && !old.iter().any(|old| old.starts_with("http://") && self::host(old) == Some(host)) =>
        {
            Some(("which is not encrypted", Severity::High))
        }
        () if has_wildcard(new) && !old.iter().any(|old| has_wildcard(old)) => {
            Some(("which takes in addresses that nobody listed", Severity::High))
        }
        () if old.iter().filter_map(|old| self::host(old)).all(|old| domain(old) != domain(host)) => {
            Some(("which is in another domain than before", Severity::Medium))
        }
        () => None,
    }
}

/// The finding for the name of a login that leads out of its own domain.
fn leads_elsewhere(plan: &Changes<'_>, pair: &Pair<'_>) -> Option<ChangeFinding> {
    let address = &pair.resource.address;
    let (_, attribute) = RECORDS.iter().find(|(name, _)| *name == address.resource_type)?;
    let text = |state: &ResourceState<'_>, name: &str| -> Option<String> {
        let root = state.root();
        let place = root.key(name).elements()?.into_iter().next()?;
        let Sight::Known(Value::String(text)) = sight(&place) else { return None };
        Some(text.trim_end_matches('.').to_ascii_lowercase())
    };
    let name = text(&pair.after, "name")?;
    let (first, _) = name.split_once('.').unwrap_or((&name, ""));
    let is_login = |label: &str| LOGINS.contains(&label.split('-').next().unwrap_or(label));
    if !is_login(first) {
        return None;
    }
    let (old, new) = (text(&pair.before, attribute)?, text(&pair.after, attribute)?);
    let is_name =
        |text: &str| text.contains('.') && text.parse::<std::net::IpAddr>().is_err() && !text.contains(' ');
    if !is_name(&old) || !is_name(&new) || domain(&old) == domain(&new) || is_of_plan(plan, &new) {
        return None;
    }
    let place = pair.after.root().key(attribute);
    let is_sensitive = place.is_sensitive() || pair.before.root().key(attribute).is_sensitive();
    let what = match is_sensitive {
        true => "to another domain".to_owned(),
        false => format!("to `{new}` instead of `{old}`, which is in another domain"),
    };
    let message = format!("{address} leads those who log in {what}");
    // From one provider to another is a move; out of the own domain, others may answer.
    let is_own = !name.contains('.') || domain(&old) == domain(&name);
    let severity = if is_own { Severity::High } else { Severity::Medium };
    Some(ChangeFinding::on(pair.resource, message).at(place.path().clone()).weighing(severity))
}

/// Whether a name is that of an object of the plan. A record has its own name as well.
fn is_of_plan(plan: &Changes<'_>, name: &str) -> bool {
    let is_record = |kind: &str| RECORDS.iter().any(|(record, _)| *record == kind);
    plan.answering(name).iter().any(|object| !is_record(&object.address.resource_type))
}

/// The host of an address; a name alone is one.
fn host(address: &str) -> Option<&str> {
    let rest = match address.split_once("://") {
        Some(("http" | "https", rest)) => rest,
        // Apps have schemes of their own.
        Some(_) => return None,
        None if address.contains('/') => return None,
        None => address,
    };
    let host = rest.split(['/', '?', '#']).next()?;
    let host = host.rsplit_once(':').map_or(host, |(host, _)| host);
    (!host.is_empty()).then_some(host)
}

fn is_own_machine(host: &str) -> bool {
    host == "localhost"
        || host.ends_with(".localhost")
        || host.starts_with("127.")
        || host.starts_with("[::1")
}

/// The last parts of a name that say who owns it: two, or three where the last two are for everyone in a country.
fn domain(host: &str) -> Vec<&str> {
    let parts: Vec<&str> = host.rsplit('.').collect();
    let is_of_country =
        matches!(parts.as_slice(), [last, second, ..] if last.len() == 2 && second.len() <= 3);
    parts.into_iter().take(if is_of_country { 3 } else { 2 }).collect()
}

#[cfg(test)]
mod tests {
    use super::super::access_restriction_removed::GUARD;
    use super::super::testing::find_in_update;

    fn client(before: &str, after: &str) -> Vec<String> {
        let of = |urls: &str| format!(r#"{{"name": "web", "callback_urls": [{urls}]}}"#);
        let found = find_in_update(&GUARD, "aws_cognito_user_pool_client.c", &of(before), &of(after), "{}");
        found.into_iter().map(|finding| finding.message).collect()
    }

    #[test]
    fn an_address_in_other_hands_or_unencrypted_is_told() {
        let app = r#""https://app.acme.example/callback""#;
        let more = |url: &str| client(app, &format!(r#"{app}, "{url}""#));
        assert_eq!(
            more("http://preview.acme.example/callback"),
            [
                "aws_cognito_user_pool_client.c lets a login return to `http://preview.acme.example/callback`, which is not encrypted"
            ]
        );
        assert_eq!(more("https://acme.herokuapp.com/callback").len(), 1);
        assert_eq!(more("https://*.acme.example/callback").len(), 1);
        for own in
            ["https://preview.acme.example/callback", "http://localhost:3000/callback", "myapp://callback"]
        {
            assert_eq!(more(own), [""; 0], "{own}");
        }
        assert_eq!(client("", app), [""; 0]);
        assert_eq!(client(&format!(r#"{app}, "http://x.example/""#), app), [""; 0]);
    }

    #[test]
    fn other_providers_have_other_names_for_the_same() {
        let found = |address: &str, of: &dyn Fn(&str) -> String| {
            let (before, after) = (of("https://app.acme.example/a"), of("http://app.acme.example/a"));
            find_in_update(&GUARD, address, &before, &after, "{}").len()
        };
        assert_eq!(
            found("azuread_application.a", &|url| format!(r#"{{"web": [{{"redirect_uris": ["{url}"]}}]}}"#)),
            1
        );
        assert_eq!(found("okta_app_oauth.a", &|url| format!(r#"{{"redirect_uris": ["{url}"]}}"#)), 1);
        assert_eq!(
            found("keycloak_openid_client.a", &|url| format!(r#"{{"valid_redirect_uris": ["{url}"]}}"#)),
            1
        );
    }

    #[test]
    fn the_name_of_a_login_that_leads_to_another_domain_is_told() {
        let record = |name: &str, target: &str| {
            format!(r#"{{"name": "{name}", "type": "CNAME", "records": ["{target}"]}}"#)
        };
        let of = |name: &str, from: &str, to: &str| {
            let found =
                find_in_update(&GUARD, "aws_route53_record.r", &record(name, from), &record(name, to), "{}");
            found.into_iter().map(|finding| finding.message).collect::<Vec<_>>()
        };
        let own = "login-prod.eu.acme.example";
        assert_eq!(
            of("login.acme.example", own, "acme.herokuapp.com"),
            [
                "aws_route53_record.r leads those who log in to `acme.herokuapp.com` instead of `login-prod.eu.acme.example`, which is in another domain"
            ]
        );
        assert_eq!(of("login.acme.example", own, "login-2.acme.example."), [""; 0]);
        assert_eq!(of("www.acme.example", own, "d1.cloudfront.net"), [""; 0]);
        assert_eq!(of("login.acme.example", "10.0.0.1", "10.0.0.2"), [""; 0]);
    }
}
