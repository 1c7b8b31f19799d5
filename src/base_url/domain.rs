//! Domain names in scripts other than ASCII. Their tables are large, so the wasm uses those that
//! each JavaScript runtime has for its URLs.

/// A domain name in ASCII (URL Standard, section 3.3; UTS #46): lower case, other scripts in
/// punycode. `None` for a name that is not a domain name.
#[cfg(all(feature = "host-js", target_arch = "wasm32"))]
pub(crate) fn domain_to_ascii(name: &str) -> Option<String> {
    in_js(name)
}

/// A domain name in ASCII (URL Standard, section 3.3; UTS #46): lower case, other scripts in
/// punycode. `None` for a name that is not a domain name.
#[cfg(all(feature = "native", not(all(feature = "host-js", target_arch = "wasm32"))))]
pub(crate) fn domain_to_ascii(name: &str) -> Option<String> {
    let ascii = idna::domain_to_ascii_cow(name.as_bytes(), idna::AsciiDenyList::URL);
    ascii.ok().map(std::borrow::Cow::into_owned)
}

/// Always `None`: without a runtime and the feature `native`, no tables are available.
#[cfg(not(any(feature = "native", all(feature = "host-js", target_arch = "wasm32"))))]
pub(crate) fn domain_to_ascii(_name: &str) -> Option<String> {
    None
}

#[cfg(all(feature = "host-js", target_arch = "wasm32"))]
#[wasm_bindgen::prelude::wasm_bindgen(module = "/src/bindings/runtime/runtime.js")]
extern "C" {
    #[wasm_bindgen(js_name = domainToAscii)]
    fn in_js(name: &str) -> Option<String>;
}
