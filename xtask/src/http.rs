//! A small HTTP client for loopback. Any status is a response; redirects are not followed and
//! bodies are not decompressed.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use anyhow::{Context, Result};
use serde_json::Value;

/// A response with its whole body.
#[derive(Clone, Debug)]
pub struct Response {
    /// The HTTP status
    pub status: u16,
    headers: Vec<(String, String)>,
    /// The body
    pub body: Vec<u8>,
}

impl Response {
    /// The value of a header, by its name in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
    }

    /// All values of a header, by its name in lower case.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.headers.iter().filter(move |(n, _)| n == name).map(|(_, value)| value.as_str())
    }

    /// The body as JSON, or `null` if it is not JSON.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// The `code` of a problem response, or an empty string.
    pub fn code(&self) -> String {
        self.json()["code"].as_str().unwrap_or_default().to_owned()
    }

    /// Status and code: `401 expired`, or `200`.
    pub fn outcome(&self) -> String {
        format!("{} {}", self.status, self.code()).trim_end().to_owned()
    }
}

/// Headers as names and values.
pub type Headers<'h> = &'h [(&'h str, &'h str)];

/// Sends a request without a body.
pub fn send(method: &str, url: &str, headers: Headers<'_>) -> Result<Response> {
    response(request(method, url, headers).body(Vec::new()))
}

/// Gets a URL.
pub fn get(url: &str, headers: Headers<'_>) -> Result<Response> {
    send("GET", url, headers)
}

/// Posts JSON.
pub fn post(url: &str, headers: Headers<'_>, body: &Value) -> Result<Response> {
    let json = [&[("content-type", "application/json")], headers].concat();
    response(request("POST", url, &json).body(serde_json::to_vec(body)?))
}

/// Posts a text of that type.
pub fn post_text(url: &str, content_type: &str, body: &str) -> Result<Response> {
    let headers = [("content-type", content_type)];
    response(request("POST", url, &headers).body(body.into()))
}

/// Gets a URL, calls `piece` with each part of the body as it arrives, and returns the status.
pub fn stream(url: &str, headers: Headers<'_>, mut piece: impl FnMut(&[u8])) -> Result<u16> {
    let request = request("GET", url, headers).body(Vec::new())?;
    let mut response = agent().run(request)?;
    let mut reader = response.body_mut().as_reader();
    let mut buffer = vec![0; 64 * 1024];
    loop {
        match reader.read(&mut buffer)? {
            0 => return Ok(response.status().as_u16()),
            length => piece(&buffer[..length]),
        }
    }
}

/// Sends the request unchanged and returns the status, for requests that a client library rejects.
pub fn raw(base: &str, request: &str) -> Result<u16> {
    let address = base.strip_prefix("http://").context("an http URL")?;
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(TIMEOUT))?;
    stream.write_all(request.as_bytes())?;
    let mut head = [0; 12];
    stream.read_exact(&mut head)?;
    let status = std::str::from_utf8(&head)?.split(' ').nth(1).context("no status line")?;
    Ok(status.parse()?)
}

const TIMEOUT: Duration = Duration::from_secs(60);

fn request(method: &str, url: &str, headers: Headers<'_>) -> ureq::http::request::Builder {
    let request = ureq::http::Request::builder().method(method).uri(url);
    headers.iter().fold(request, |request, (name, value)| request.header(*name, *value))
}

fn response(request: Result<ureq::http::Request<Vec<u8>>, ureq::http::Error>) -> Result<Response> {
    let mut response = agent().run(request?)?;
    let text =
        |value: &ureq::http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let headers = response.headers().iter().map(|(name, value)| (name.to_string(), text(value)));
    let headers = headers.collect();
    let body = response.body_mut().with_config().limit(u64::MAX).read_to_vec()?;
    Ok(Response { status: response.status().as_u16(), headers, body })
}

fn agent() -> ureq::Agent {
    ureq::Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .proxy(None)
        .allow_non_standard_methods(true)
        .timeout_global(Some(TIMEOUT))
        .build()
        .into()
}
