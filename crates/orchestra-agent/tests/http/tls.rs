//! A certificate that nobody vouches for.

use std::io::Read;
use std::net::TcpListener;
use std::sync::Arc;
use std::thread::JoinHandle;

use orchestra_core::report::Fault;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use super::desk::{Desk, WIRES, fault};

const CERTIFICATE: &[u8] = include_bytes!("../fixtures/tls/self-signed.crt.der");
/// Of no use to anybody: it was made for this test.
const KEY: &[u8] = include_bytes!("../fixtures/tls/self-signed.key.der");

/// Serves one connection with it, and says how many bytes of a request came through.
fn serve(listener: TcpListener) -> JoinHandle<usize> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![CertificateDer::from(CERTIFICATE)], PrivateKeyDer::try_from(KEY).unwrap())
        .unwrap();
    std::thread::spawn(move || {
        let (stream, _) = listener.accept().unwrap();
        let connection = ServerConnection::new(Arc::new(config)).unwrap();
        let mut request = Vec::new();
        // That it ends in an error is the point.
        drop(StreamOwned::new(connection, stream).read_to_end(&mut request));
        request.len()
    })
}

#[tokio::test]
async fn a52_an_endpoint_that_nobody_vouches_for_is_told_nothing() {
    for wire in WIRES {
        let mut desk = Desk::new(wire);
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        desk.config.base_url = format!("https://{}", listener.local_addr().unwrap());
        let server = serve(listener);
        let (outcome, _) = desk.run().await;
        let Fault::Transient { message, .. } = fault(outcome) else { panic!("{wire:?}") };
        assert!(message.contains("cannot be reached") && message.contains("certificate"), "{message}");
        assert_eq!(server.join().unwrap(), 0);
    }
}
