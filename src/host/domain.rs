//! Domain names in scripts other than ASCII. The tables for them are large, so the runtime's own are used:
//! every JavaScript runtime has them for its URLs.

/// A domain name in ASCII (URL Standard, section 3.3; UTS #46): lower case, other scripts in punycode. `None`
/// for what is no domain name, or where the runtime cannot tell.
#[cfg(all(feature = "host-js", target_arch = "wasm32"))]
pub(crate) fn domain_to_ascii(name: &str) -> Option<String> {
    in_js(name)
}

/// A domain name in ASCII (URL Standard, section 3.3; UTS #46): lower case, other scripts in punycode. `None`
/// for what is no domain name, or where the runtime cannot tell.
#[cfg(all(feature = "native", not(all(feature = "host-js", target_arch = "wasm32"))))]
pub(crate) fn domain_to_ascii(name: &str) -> Option<String> {
    let ascii = idna::domain_to_ascii_cow(name.as_bytes(), idna::AsciiDenyList::URL);
    ascii.ok().map(std::borrow::Cow::into_owned)
}

/// `None`: without a runtime nothing has the tables.
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
