//! Rebuilds the crate when a file is added to the template that it embeds.

fn main() {
    println!("cargo::rerun-if-changed=../../template");
}
