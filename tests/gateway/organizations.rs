//! Isolation by organization: a path parameter must equal one of the ids in a list.

use crate::common::{Edge, good_claims, request};
use crate::conditions::setting_errors;

const ROUTES: (&str, &str) = (
    "ROUTES",
    r#"[
        {"path":"/active/{org_id}/*","match":{"org_id":"activeOrganizationId"}},
        {"path":"/orgs/{org_id}/*","match":{"org_id":"organizations"}},
        {"path":"/owned/{org_id}/{user}/*","match":{"org_id":"organizations.id","user":"sub"}}
    ]"#,
);

fn outcome(edge: &Edge, path: &str, claims: &[(&str, &str)]) -> &'static str {
    let claims = claims.iter().fold(good_claims(), |all, (name, value)| all.with(name, value));
    edge.outcome(&request("GET", path, &[edge.bearer(&claims)]))
}

#[test]
fn the_active_organization_has_its_own_paths() {
    let edge = Edge::new(&[ROUTES]);
    let claims = [("activeOrganizationId", r#""org-1""#)];
    assert_eq!(outcome(&edge, "/active/org-1/tasks", &claims), "forward");
    assert_eq!(outcome(&edge, "/active/org-2/tasks", &claims), "user_mismatch");
    for none in ["null", r#""""#, "1", "{}", "[]"] {
        let claims = [("activeOrganizationId", none)];
        assert_eq!(outcome(&edge, "/active/org-1/tasks", &claims), "user_mismatch", "{none}");
    }
    assert_eq!(outcome(&edge, "/active/org-1/tasks", &[]), "user_mismatch");
}

#[test]
fn one_organization_in_the_list_suffices() {
    let edge = Edge::new(&[ROUTES]);
    let claims = [("organizations", r#"["org-1","org-2"]"#)];
    for (path, expected) in [
        ("/orgs/org-1/a", "forward"),
        ("/orgs/org-2/a", "forward"),
        ("/orgs/org-3/a", "user_mismatch"),
        ("/orgs/org-1,org-2/a", "user_mismatch"),
        ("/orgs/ORG-1/a", "user_mismatch"),
        ("/owned/org-1/user-1/a", "user_mismatch"),
    ] {
        assert_eq!(outcome(&edge, path, &claims), expected, "{path}");
    }
    assert_eq!(outcome(&edge, "/orgs/org-1/a", &[("organizations", r#""org-1""#)]), "forward");
}

#[test]
fn a_path_leads_through_a_list_of_organizations() {
    let edge = Edge::new(&[ROUTES]);
    let claims = [("organizations", r#"[{"id":"org-1","role":"owner"},{"id":"org-2"}]"#)];
    for (path, expected) in [
        ("/owned/org-1/user-1/a", "forward"),
        ("/owned/org-2/user-1/a", "forward"),
        ("/owned/org-3/user-1/a", "user_mismatch"),
        ("/owned/org-1/user-2/a", "user_mismatch"),
        ("/owned/owner/user-1/a", "user_mismatch"),
        ("/orgs/org-1/a", "user_mismatch"),
    ] {
        assert_eq!(outcome(&edge, path, &claims), expected, "{path}");
    }
}

#[test]
fn the_rules_for_ids_apply_to_each_organization_in_the_list() {
    let edge = Edge::new(&[ROUTES]);
    let claims = [("organizations", r#"["slug;x","0f8fad5b-d9cb-469f-a165-70867728950e","a@b"]"#)];
    for (path, expected) in [
        ("/orgs/0F8FAD5B-D9CB-469F-A165-70867728950E/a", "forward"),
        ("/orgs/a%40b/a", "forward"),
        ("/orgs/slug;x/a", "ambiguous_path"),
        ("/orgs/slug/a", "user_mismatch"),
    ] {
        assert_eq!(outcome(&edge, path, &claims), expected, "{path}");
    }
}

#[test]
fn the_detail_says_whether_the_token_names_organizations_at_all() {
    let edge = Edge::new(&[ROUTES]);
    for (organizations, expected) in [
        (r#"["org-2"]"#, r#"the id in the path is not the token's \"organizations\""#),
        ("[]", r#"the id in the path is not the token's \"organizations\""#),
        ("null", r#"the token has no \"organizations\""#),
    ] {
        let claims = good_claims().with("organizations", organizations);
        let response = edge.respond(&request("GET", "/orgs/org-1/a", &[edge.bearer(&claims)]));
        assert!(response.body.contains(expected), "{organizations}: {}", response.body);
        assert!(!response.body.contains("org-2"), "{}", response.body);
    }
}

#[test]
fn a_misspelled_organization_claim_is_a_setting_error() {
    let errors = |claim: &str| {
        let routes = format!(r#"[{{"path":"/{{o}}/*","match":{{"o":"{claim}"}}}}]"#);
        setting_errors(&[("ROUTES", &routes)]).len()
    };
    for known in ["activeOrganizationId", "organizations", "organizations.id"] {
        assert_eq!(errors(known), 0, "{known}");
    }
    for unknown in ["organizaitons", "organization.id", "activeOrganization", "organizationsid"] {
        assert_eq!(errors(unknown), 1, "{unknown}");
    }
}
