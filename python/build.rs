//! What a plain `cargo build` needs to link an extension module on macOS.

fn main() {
    pyo3_build_config::add_extension_module_link_args();
}
