//! How the edge asks for a document of its own.

use super::{GetRequest, GetResponse, Host, Unanswered};

/// The answer, whatever its status is. A redirect is not followed, since it could lead anywhere, but for
/// one: to the very same URL with a slash behind its path, where a server wants all paths to have one.
pub(crate) async fn ask<H: Host>(
    host: &H,
    mut request: GetRequest,
) -> Result<GetResponse, Unanswered> {
    let url = request.url.clone();
    let answer = host.get(request.clone()).await;
    let answer = answer.map_err(|error| Unanswered::failed(&url, error))?;
    let Some(slashed) = with_slash(&url, &answer) else { return Ok(answer) };
    request.url = slashed;
    host.get(request).await.map_err(|error| Unanswered::failed(&url, error))
}

/// The same URL with a slash behind its path, where the answer is a redirect to just that.
fn with_slash(url: &str, answer: &GetResponse) -> Option<String> {
    let location = answer.header("location")?;
    let is_redirect = matches!(answer.status, 301 | 302 | 307 | 308);
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
    fn only_a_slash_is_added() {
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
