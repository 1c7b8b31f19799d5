//! Fetches a small document: a JWK Set, or the token of a session.

use super::{FetchError, GetRequest, GetResponse, Host};

/// Fetches a document. Returns the response with any status.
///
/// Follows one redirect: to the same URL with a slash after its path, because some servers require
/// one. Other redirects could lead to another server.
///
/// # Errors
/// The server did not respond.
pub(crate) async fn fetch_document<H: Host>(
    host: &H,
    mut request: GetRequest,
) -> Result<GetResponse, FetchError> {
    let url = request.url.clone();
    let response = host.get(request.clone()).await;
    let response = response.map_err(|error| FetchError::failed(&url, error))?;
    let Some(slashed) = with_slash(&url, &response) else { return Ok(response) };
    request.url = slashed;
    host.get(request).await.map_err(|error| FetchError::failed(&url, error))
}

/// The same URL with a slash after its path, if the response redirects there.
fn with_slash(url: &str, response: &GetResponse) -> Option<String> {
    let location = response.header("location")?;
    let is_redirect = matches!(response.status, 301 | 302 | 307 | 308);
    let (path, query) = url.split_at(url.find('?').unwrap_or(url.len()));
    if !is_redirect || path.ends_with('/') {
        return None;
    }
    let slashed = [path, "/", query].concat();
    let authority = url.find("://")? + "://".len();
    let path_at = authority + url[authority..].find('/')?;
    (location == slashed || location == &slashed[path_at..]).then_some(slashed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_redirect_that_adds_a_slash_is_followed() {
        let slashed = |url: &str, status, location: &str| {
            let headers = vec![("location".to_owned(), location.to_owned())];
            with_slash(url, &GetResponse { status, headers, body: Vec::new() })
        };
        const URL: &str = "https://a.example/api/auth/token?x=1";
        let expected = "https://a.example/api/auth/token/?x=1".to_owned();
        for status in [301, 302, 307, 308] {
            for location in [&*expected, "/api/auth/token/?x=1"] {
                assert_eq!(slashed(URL, status, location).as_ref(), Some(&expected));
            }
        }
        for location in [
            "https://b.example/api/auth/token/?x=1",
            "http://a.example/api/auth/token/?x=1",
            "//b.example/api/auth/token/?x=1",
            "/api/auth/token/",
            "/api/auth/token/?x=2",
            "/api/auth/token?x=1",
            "/api/auth/token//?x=1",
            "/sign-in/",
            "",
        ] {
            assert_eq!(slashed(URL, 308, location), None, "{location}");
        }
        for status in [200, 201, 300, 303, 304, 401] {
            assert_eq!(slashed(URL, status, &expected), None, "{status}");
        }
        assert_eq!(slashed("https://a.example/t/", 308, "/t//"), None);
        assert_eq!(slashed("https://a.example", 308, "/"), None);
    }
}
